import { join } from 'node:path';
import { lazily } from '@linux-patch/contract';
import { type Files, readState, writeState } from '@linux-patch/runtime';
import { z } from 'zod';

/** A leave that was begun, so that one that a crash cut off goes on where it was. */
const LeaveMarker = lazily(() =>
  z.object({
    v: z.literal(1),
    /** Serial number of the certificate that leaves; null for a host that only asked to join. */
    serial: z.string().nullable(),
    manager_url: z.string().nullable(),
    /** Whether the manager knows. */
    told: z.boolean(),
  }),
);
export type LeaveMarker = z.infer<typeof LeaveMarker>;

export function markerPath(dataFolder: string): string {
  return join(dataFolder, 'leaving.json');
}

/** The leave that was begun; undefined when there is none, or none that can be read. */
export async function readMarker(files: Files, path: string): Promise<LeaveMarker | undefined> {
  return readState(files, path, LeaveMarker).catch(() => undefined);
}

export async function writeMarker(files: Files, path: string, marker: LeaveMarker): Promise<void> {
  await writeState(files, path, marker);
}
