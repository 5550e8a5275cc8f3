import type { PackageHost } from './doors.ts';
import type { Update } from './package-facts.ts';

/** Whether an ordinary upgrade leaves it for want of something else; undefined while nobody asked, and when that cannot be said. */
export function isKeptBack({ held, phased, offered }: Update): boolean | undefined {
  if (held || phased) return false;
  return offered === undefined ? undefined : !offered;
}

/** Each question is a run of the package manager; a person waits for the answers. */
const TIME_FOR_QUESTIONS_MS = 10_000;

/**
 * Why these updates are kept back, by their ids. Of many the first are asked for one by one; the rest gets what holds for
 * all.
 * @throws PatchError when the package manager cannot say.
 */
export async function explainKeptBack(
  { adapter, clock }: PackageHost,
  updates: readonly Update[],
): Promise<ReadonlyMap<string, string>> {
  const { solver } = adapter.words;
  const { signal } = new AbortController();
  const reasons = new Map<string, string>();
  const endMs = clock.monotonicMs() + TIME_FOR_QUESTIONS_MS;
  for (const one of updates.filter(isKeptBack)) {
    if (clock.monotonicMs() >= endMs) {
      const why = 'what it needs is not there, or another package would have to go';
      reasons.set(one.id, `${solver} keeps it back: ${why}`);
      continue;
    }
    const change = { kind: 'update', updates: [one], allOrNothing: false, kept: [] } as const;
    const { refusal } = await adapter.changing.simulate(change, { untrusted: new Set(), signal });
    reasons.set(one.id, refusal?.reason ?? 'an ordinary upgrade leaves it; a patch job takes it');
  }
  return reasons;
}
