import { z } from 'zod';
import { lazily } from './lazily.ts';

/** A whole number written in a query string. */
export function wholeNumber(min: number, max: number) {
  return lazily(() =>
    z
      .string()
      .max(9)
      .regex(/^\d{1,9}$/, 'must be a whole number')
      .transform(Number)
      .pipe(z.int().min(min).max(max)),
  );
}

/** `true` or `false` written in a query string. */
export const queryFlag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Sort direction. */
export const SortOrder = z.enum(['asc', 'desc']);

/** Paging parameters; without `limit` everything is returned. */
export const paging = {
  limit: wholeNumber(1, 100_000).optional(),
  offset: wholeNumber(0, 10_000_000).optional(),
  order: SortOrder.optional(),
};
