import type { Host } from '@linux-patch/contract';

/** How the identity of a host fares; `new` while it joined and was not asked yet, which is no fault of anybody. */
export type KnownIdentity = Host['identity']['state'] | 'new';

/** What is known of it; a host that was tried in vain has a reason. */
export function identityOf({
  identity: { state },
  last_error: lastError,
}: {
  readonly identity: Pick<Host['identity'], 'state'>;
  readonly last_error: string | null;
}): KnownIdentity {
  return state === 'unreached' && lastError === null ? 'new' : state;
}

const WELL: ReadonlySet<string> = new Set(['ok', 'new', 'left'] satisfies KnownIdentity[]);

/** Whether somebody has to look at it. */
export function needsLook(identity: string): boolean {
  return !WELL.has(identity);
}
