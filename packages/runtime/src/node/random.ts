import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { Random } from '../random.ts';

const DRAW_STEPS = 2 ** 47;

/** The operating system's CSPRNG. */
export const systemRandom: Random = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  fraction: () => randomInt(DRAW_STEPS) / DRAW_STEPS,
  uuid: () => randomUUID(),
};
