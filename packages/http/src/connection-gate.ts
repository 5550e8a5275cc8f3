import type { Clock } from '@linux-patch/runtime';

export interface ConnectionLimits {
  /** Connections at once. */
  readonly total: number;
  /** Connections at once of one caller that have shown no credential. */
  readonly unprovenPerCaller: number;
  /** Of those without a credential, the ones that have not sent a byte go first and at once. */
  readonly silentFirst?: boolean;
}

/** A connection that was let in. */
export interface GatedConnection {
  /** It has shown a credential: a certificate, a token, or a proof signed with a key on record. */
  prove(): void;
  /** It is closed. */
  release(): void;
}

/** Counts connections, so that no caller, and not all of them together, takes every place. */
export interface ConnectionGate {
  /**
   * Takes a new connection, or returns undefined when there is no room. Within the limits every one is taken; beyond
   * them the one goes that has been open longest without a credential: of the same caller, or of all.
   * @param isSilent whether it has not sent a byte yet
   */
  admit(caller: string, close: () => void, isSilent?: () => boolean): GatedConnection | undefined;
}

interface Unproven {
  readonly sinceMs: number;
  readonly close: () => void;
  readonly isSilent: () => boolean;
}

/** A caller that is about to speak is not cut off for a newer one: everybody gets this much time first. */
const GRACE_MS = 2_000;

export function createConnectionGate(limits: ConnectionLimits, clock: Clock): ConnectionGate {
  /** In the order in which they came, as all sets are. */
  const unproven = new Set<Unproven>();
  const byCaller = new Map<string, Set<Unproven>>();
  let open = 0;
  const makeRoom = (among: ReadonlySet<Unproven>): boolean => {
    const silent = limits.silentFirst && among.values().find((one) => one.isSilent());
    if (silent) {
      silent.close();
      return true;
    }
    const [oldest] = among;
    if (!oldest || oldest.sinceMs + GRACE_MS > clock.monotonicMs()) return false;
    oldest.close();
    return true;
  };
  const forget = (caller: string, one: Unproven): void => {
    unproven.delete(one);
    const own = byCaller.get(caller);
    own?.delete(one);
    if (own?.size === 0) byCaller.delete(caller);
  };
  return {
    admit(caller, close, isSilent = () => false) {
      const others = byCaller.get(caller);
      if (others && others.size >= limits.unprovenPerCaller && !makeRoom(others)) return undefined;
      if (open >= limits.total && !makeRoom(unproven)) return undefined;
      let isOpen = true;
      const release = (): void => {
        if (isOpen) open -= 1;
        isOpen = false;
        forget(caller, one);
      };
      const one: Unproven = {
        sinceMs: clock.monotonicMs(),
        isSilent,
        close: () => {
          release();
          close();
        },
      };
      open += 1;
      unproven.add(one);
      byCaller.set(caller, (byCaller.get(caller) ?? new Set()).add(one));
      return { prove: () => forget(caller, one), release };
    },
  };
}
