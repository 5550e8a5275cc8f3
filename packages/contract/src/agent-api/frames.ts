import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { Line, Output } from '../text-bounds.ts';

/** What a client may send on `/api/v1/ws/jobs`. */
export const ClientFrame = lazily(() =>
  z.union([
    z.strictObject({
      type: z.literal('subscribe'),
      job_id: z.uuid(),
      from_seq: z.int().nonnegative().optional(),
    }),
    z.strictObject({ type: z.literal('unsubscribe'), job_id: z.uuid() }),
    z.strictObject({ type: z.literal('subscribe_all'), from_seq: z.int().nonnegative().optional() }),
    z.strictObject({ type: z.literal('ping') }),
    z.strictObject({ action: z.enum(['subscribe', 'unsubscribe']), job_id: z.uuid().nullish() }),
  ]),
);
export type ClientFrame = z.infer<typeof ClientFrame>;

export const FRAME_TYPES = [
  'connected',
  'subscribed',
  'unsubscribed',
  'job_status',
  'job_complete',
  'pong',
  'error',
] as const;
export type FrameType = (typeof FRAME_TYPES)[number];

function framePayload() {
  return {
    type: z.enum(FRAME_TYPES),
    event: z.enum(FRAME_TYPES),
    job_id: Line,
    status: Line,
    progress: z.int().min(0).max(100),
    progress_percent: z.int().min(0).max(100),
    message: Output,
    timestamp: z.iso.datetime(),
    output: Output.optional().meta({ description: 'Output lines since the last frame of this job.' }),
    error: Output.optional(),
    error_code: Line.optional(),
    seq: z.int().nonnegative().meta({ description: 'Rises by one per job event; resume with `from_seq`.' }),
    missed: z.int().positive().optional().meta({ description: 'Events this client was too slow for.' }),
  };
}

/** What the agent sends; both generations of clients find their members. */
export const ServerFrame = lazily(() => {
  const members = framePayload();
  return z.object({ ...members, payload: z.object(members) });
});
export type ServerFrame = z.infer<typeof ServerFrame>;
export type FramePayload = ServerFrame['payload'];
