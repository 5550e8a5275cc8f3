import { z } from 'zod';

/**
 * A schema that is made when it is first used: a program starts in the time that its schemas take to make, and uses few of
 * them at once. `unwrap()` is the schema itself, always the same.
 */
export function lazily<T extends z.ZodType>(make: () => T): z.ZodLazy<T> {
  let made: T | undefined;
  return z.lazy(() => {
    made ??= make();
    return made;
  });
}
