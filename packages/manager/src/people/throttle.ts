import { DAY_MS, MINUTE_MS, PatchError } from '@linux-patch/contract';
import { addressPrefix } from '@linux-patch/pki';
import type { Clock } from '@linux-patch/runtime';

/** Failures that cost no time: what people mistype in a row, and what a whole office behind one address does. */
const FREE = { person: 5, address: 20, device: 5 } as const;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 15 * MINUTE_MS;
/** After so long without a failure the earlier ones are forgotten. */
const FORGOTTEN_AFTER_MS = DAY_MS;
/** After an administrator gave a new password, that person waits for nobody's failures for so long. */
const OPEN_AFTER_RESET_MS = 10 * MINUTE_MS;
/** Names, addresses and devices remembered at once; the ones longest unheard of are forgotten first. */
const MAX_ACCOUNTS = 20_000;

/** Somebody who tries to sign in. */
export interface Candidate {
  /** As it was typed; of a person, or of nobody. Undefined for what nobody guesses, which no failure of others holds up. */
  readonly name: string | undefined;
  readonly address: string;
  /** A session that this person had here before, by which strangers are told apart from them. */
  readonly device: string | undefined;
}

/** A try that counts as failed until it is taken back. */
export interface Attempt {
  /** It was the person: what failed before is forgotten, but not what its address did to others. */
  succeeded(): void;
  /** Nothing was tried after all. */
  withdraw(): void;
}

/**
 * Slows down guessing, for each name and each address, with delays that grow to a quarter of an hour. A device from
 * which the person signed in before has an account of its own, so what strangers do keeps nobody out there.
 */
export interface Throttle {
  /** @throws PatchError `RATE_LIMIT_EXCEEDED` that says when to come back */
  begin(candidate: Candidate): Attempt;
  /** Strangers keep this person from nowhere for ten minutes, or until they are in. */
  open(name: string): void;
}

interface Account {
  failures: number;
  /** On the monotonic clock, as the next. */
  blockedUntilMs: number;
  failedAtMs: number;
}

function delayMs(failures: number, free: number): number {
  if (failures < free) return 0;
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - free, 20));
}

type Kind = keyof typeof FREE;

function createAccounts(clock: Clock) {
  const accounts = new Map<string, Account>();
  const find = (key: string): Account => {
    const known = accounts.get(key);
    const isOver = known !== undefined && clock.monotonicMs() - known.failedAtMs >= FORGOTTEN_AFTER_MS;
    return known && !isOver ? known : { failures: 0, blockedUntilMs: 0, failedAtMs: 0 };
  };
  return {
    waitMs: (key: string) => Math.max(0, find(key).blockedUntilMs - clock.monotonicMs()),
    fail(key: string, kind: Kind) {
      const { failures } = find(key);
      const nowMs = clock.monotonicMs();
      accounts.delete(key);
      const delay = delayMs(failures + 1, FREE[kind]);
      accounts.set(key, { failures: failures + 1, blockedUntilMs: nowMs + delay, failedAtMs: nowMs });
      const [oldest] = accounts.keys();
      if (accounts.size > MAX_ACCOUNTS && oldest !== undefined) accounts.delete(oldest);
    },
    takeBack(key: string) {
      const account = accounts.get(key);
      if (!account) return;
      account.failures -= 1;
      account.blockedUntilMs = 0;
      // What was none takes no place in which others are remembered.
      if (account.failures <= 0) accounts.delete(key);
    },
    forget: (key: string) => void accounts.delete(key),
  };
}

function tooMany(waitMs: number): PatchError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return new PatchError(
    'RATE_LIMIT_EXCEEDED',
    `Too many failed sign-ins, by this name or from this address; come back in ${seconds} s. Who cannot wait asks root on the manager's machine: linux-patch-manager people reset NAME`,
    { details: { retry_after_seconds: seconds } },
  );
}

export function createThrottle(clock: Clock): Throttle {
  const accounts = createAccounts(clock);
  const openUntilMs = new Map<string, number>();
  const isOpen = (name: string): boolean => {
    const untilMs = openUntilMs.get(name);
    if (untilMs === undefined || clock.monotonicMs() < untilMs) return untilMs !== undefined;
    openUntilMs.delete(name);
    return false;
  };
  const keysOf = ({ name, address, device }: Candidate): [string, Kind][] => {
    if (device !== undefined) return [[`device ${device}`, 'device']];
    const place: [string, Kind] = [`address ${addressPrefix(address)}`, 'address'];
    if (name === undefined) return [place];
    return isOpen(name) ? [] : [[`person ${name}`, 'person'], place];
  };
  return {
    begin(candidate) {
      const { name } = candidate;
      const keys = keysOf(candidate);
      const waitMs = Math.max(0, ...keys.map(([key]) => accounts.waitMs(key)));
      if (waitMs > 0) throw tooMany(waitMs);
      for (const [key, kind] of keys) accounts.fail(key, kind);
      return {
        succeeded() {
          // Whom it was opened for is in.
          if (name !== undefined) openUntilMs.delete(name);
          for (const [key, kind] of keys) {
            if (kind === 'address') accounts.takeBack(key);
            else accounts.forget(key);
          }
        },
        withdraw() {
          for (const [key] of keys) accounts.takeBack(key);
        },
      };
    },
    open(name) {
      accounts.forget(`person ${name}`);
      openUntilMs.set(name, clock.monotonicMs() + OPEN_AFTER_RESET_MS);
    },
  };
}
