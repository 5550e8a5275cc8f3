import { z } from 'zod';
import { lazily } from '../lazily.ts';

/** Query of the events of a job, of the agent and of the manager, which relays them. */
export const JobEventsQuery = lazily(() =>
  z.strictObject({
    from_seq: z
      .string()
      .max(15)
      .regex(/^\d{1,15}$/, 'must be a whole number')
      .transform(Number)
      .optional()
      .meta({
        description:
          'The `seq` of the last event that was seen: those after it that the host still has come first. 0 asks for all of them; without it, the state of now comes first.',
      }),
  }),
);
