interface Refused<T, R> {
  readonly item: T;
  readonly reason: R;
}

/** What may be done together, and what not and why. */
interface Admission<T, R> {
  readonly admitted: readonly T[];
  readonly refused: readonly Refused<T, R>[];
}

/** Questions at most; each is a run of the package manager. */
const MOST_QUESTIONS = 64;

interface Options<T, R> {
  /** Asked together at first, as they usually fit. */
  readonly likely: readonly T[];
  /** Asked one by one, after the others. */
  readonly doubtful: readonly T[];
  /** Why these cannot be done together; undefined when they can. */
  readonly refusal: (items: readonly T[]) => Promise<R | undefined>;
  /** The reason of what could not be asked any more. */
  readonly undecided: R;
}

/**
 * Finds what fits together. Where all do, one question is enough; else halves are asked until those that do not fit stand
 * alone. What was refused is asked again when others came in since, which it may have needed.
 */
export async function admit<T, R>(options: Options<T, R>): Promise<Admission<T, R>> {
  let questions = 0;
  const admitted: T[] = [];
  let refused: (Refused<T, R> & { readonly among: number })[] = [];
  const add = async (group: readonly T[]): Promise<void> => {
    if (group.length === 0) return;
    const spent = questions >= MOST_QUESTIONS;
    questions += 1;
    const reason = spent ? options.undecided : await options.refusal([...admitted, ...group]);
    if (reason === undefined) admitted.push(...group);
    else if (spent || group.length === 1) {
      refused.push(...group.map((item) => ({ item, reason, among: admitted.length })));
    } else {
      const half = Math.ceil(group.length / 2);
      await add(group.slice(0, half));
      await add(group.slice(half));
    }
  };
  await add(options.likely);
  for (const one of options.doubtful) await add([one]);
  for (;;) {
    const again = refused.filter((one) => one.among < admitted.length);
    if (again.length === 0 || questions >= MOST_QUESTIONS) break;
    refused = refused.filter((one) => one.among >= admitted.length);
    for (const { item } of again) await add([item]);
  }
  return { admitted, refused };
}
