import type { ManagerAuditEvent } from '@linux-patch/contract';
import { HOUR_MS } from '@linux-patch/contract';
import { addressPrefix } from '@linux-patch/pki';
import type { Clock } from '@linux-patch/runtime';

/** Rows an hour of one caller: more than hosts of one address make that join by the dozen, 4 MB a day at the most. */
const ROWS_PER_CALLER = 240;
/** Rows an hour of all strangers together, however many addresses they have. */
const ROWS_IN_ALL = 5_000;
/** Callers remembered at once; events of others are counted together. */
const MAX_CALLERS = 10_000;
const OTHERS = 'others';

/** Events of one caller within an hour that had no row of their own. */
export interface StrangerSum {
  readonly caller: string;
  readonly sinceMs: number;
  readonly events: Readonly<Partial<Record<ManagerAuditEvent, number>>>;
}

/** How many rows of the audit log strangers may still cause. */
export interface StrangerBudget {
  /** Whether an event of this address has a row; one that has none is counted. */
  readonly admit: (address: string, event: ManagerAuditEvent) => boolean;
  /** The sums of hours that are over, or of every hour; each is given once. */
  readonly takeSums: (all: boolean) => StrangerSum[];
}

interface Account {
  /** Epoch milliseconds. */
  readonly sinceMs: number;
  /** On the monotonic clock. */
  readonly endsMs: number;
  rows: number;
  readonly omitted: Map<ManagerAuditEvent, number>;
}

export function createStrangerBudget(clock: Clock): StrangerBudget {
  const open = (): Account => ({
    sinceMs: clock.now(),
    endsMs: clock.monotonicMs() + HOUR_MS,
    rows: 0,
    omitted: new Map(),
  });
  /** In the order in which they end. */
  const accounts = new Map<string, Account>();
  const over: StrangerSum[] = [];
  let total = open();
  const close = (caller: string, account: Account): void => {
    accounts.delete(caller);
    if (account.omitted.size === 0) return;
    over.push({ caller, sinceMs: account.sinceMs, events: Object.fromEntries(account.omitted) });
  };
  const closeEnded = (): void => {
    if (total.endsMs <= clock.monotonicMs()) total = open();
    for (const [caller, account] of accounts) {
      if (account.endsMs > clock.monotonicMs()) break;
      close(caller, account);
    }
  };
  const accountOf = (address: string): Account => {
    closeEnded();
    const prefix = addressPrefix(address);
    const caller = accounts.has(prefix) || accounts.size < MAX_CALLERS ? prefix : OTHERS;
    const account = accounts.get(caller) ?? open();
    accounts.set(caller, account);
    return account;
  };
  return {
    admit(address, event) {
      const account = accountOf(address);
      if (account.rows < ROWS_PER_CALLER && total.rows < ROWS_IN_ALL) {
        account.rows += 1;
        total.rows += 1;
        return true;
      }
      account.omitted.set(event, (account.omitted.get(event) ?? 0) + 1);
      return false;
    },
    takeSums(all) {
      closeEnded();
      if (all) for (const [caller, account] of accounts) close(caller, account);
      return over.splice(0);
    },
  };
}
