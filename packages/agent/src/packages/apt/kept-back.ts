import type { AptContext } from './apt-context.ts';
import type { PendingUpdate } from './pending.ts';
import { askForRefusal } from './refusal.ts';
import { aptArgument } from './targets.ts';

/** Whether an ordinary upgrade leaves it for want of something else; undefined while nobody asked, and when apt cannot say. */
export function isKeptBack({ held, phased, offered }: PendingUpdate): boolean | undefined {
  if (held || phased) return false;
  return offered === undefined ? undefined : !offered;
}

/** Each question is a run of apt; a person waits for the answers. */
const TIME_FOR_QUESTIONS_MS = 10_000;

const COMES_IN = 'an ordinary upgrade leaves it; a patch job takes it';
const NOT_ASKED = 'apt keeps it back: what it needs is not there, or another package would have to go';

/**
 * Why apt keeps these updates back, by the name that apt gives them. Of many the first are asked for one by one; the rest
 * gets what holds for all.
 * @throws PatchError when apt cannot say.
 */
export async function explainKeptBack(
  context: AptContext,
  updates: readonly PendingUpdate[],
): Promise<ReadonlyMap<string, string>> {
  const { signal } = new AbortController();
  const reasons = new Map<string, string>();
  const endMs = context.clock.monotonicMs() + TIME_FOR_QUESTIONS_MS;
  for (const { aptName, newVersion } of updates.filter(isKeptBack)) {
    if (context.clock.monotonicMs() >= endMs) {
      reasons.set(aptName, NOT_ASKED);
      continue;
    }
    const target = aptArgument({ name: aptName, version: newVersion });
    const args = ['--only-upgrade', '--no-remove', 'install', '--', target];
    const refusal = await askForRefusal(context, { args, untrusted: new Set(), signal });
    reasons.set(aptName, refusal?.reason ?? COMES_IN);
  }
  return reasons;
}
