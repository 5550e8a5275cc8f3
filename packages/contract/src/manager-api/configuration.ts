import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { Line, Prose } from '../text-bounds.ts';

/** One key of the configuration that the manager runs with. */
export const RunningSetting = lazily(() =>
  z.object({
    key: Line.meta({ description: 'Dotted, for example `server.port`.' }),
    value: Prose.nullable().meta({ description: 'As JSON; null where it has none.' }),
    default: Prose.nullable().meta({ description: 'As JSON; null where it has none.' }),
    meaning: Prose,
    line: z
      .int()
      .nullable()
      .meta({ description: 'Line of the file in which it is set; null where it is not.' }),
    after_restart: Prose.nullable().meta({
      description:
        'What the file says by now, as JSON, where that is something else; it counts from the next start.',
    }),
  }),
);
export type RunningSetting = z.infer<typeof RunningSetting>;

/** Answer of `GET /api/v1/configuration`. */
export const RunningConfiguration = lazily(() =>
  z.object({
    file: Line,
    file_fault: Prose.nullable().meta({
      description: 'Why the file as it is now would let no manager start; null when it would.',
    }),
    settings: z.array(RunningSetting).max(1_000),
  }),
);
export type RunningConfiguration = z.infer<typeof RunningConfiguration>;
