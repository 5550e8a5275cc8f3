import { z } from 'zod';

/** A name, a version, a path: one line. */
export const Line = z.string().max(4_096);

/** A message or a description. */
export const Prose = z.string().max(65_536);

/** What programs print. */
export const Output = z.string().max(16_777_216);

/** So many entries has no real host, and no memory is lost by them. */
export const MAX_ENTRIES = 500_000;

/** What a person writes: one line of so many characters. */
export function OneLine(max: number) {
  return z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, `must be one line of at most ${max} characters`);
}
