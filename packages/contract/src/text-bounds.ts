import { z } from 'zod';

/** A name, a version, a path: one line. */
export const Line = z.string().max(4_096);

/** A message or a description. */
export const Prose = z.string().max(65_536);

/** What programs print. */
export const Output = z.string().max(16_777_216);

/** So many entries has no real host, and no memory is lost by them. */
export const MAX_ENTRIES = 500_000;
