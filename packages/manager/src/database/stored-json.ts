import type { z } from 'zod';

/**
 * A stored JSON text, read through its schema; `fallback` for one that does not fit, so that in a listing one bad row
 * never hides the others.
 */
export function readStored<S extends z.ZodType>(schema: S, text: string, fallback: z.output<S>): z.output<S> {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? fallback;
  } catch {
    return fallback;
  }
}
