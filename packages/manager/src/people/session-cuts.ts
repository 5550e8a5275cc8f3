import { PatchError } from '@linux-patch/contract';

/** Ends what sessions still have open when they end. */
export interface SessionCuts {
  /** Asked for before the session is looked up, so that no request gets past an end in between. */
  of(id: string): AbortSignal;
  /** These do not count any more, or never did. */
  end(ids: readonly string[]): void;
}

export function createSessionCuts(): SessionCuts {
  const cuts = new Map<string, AbortController>();
  return {
    of(id) {
      const cut = cuts.get(id) ?? new AbortController();
      cuts.set(id, cut);
      return cut.signal;
    },
    end(ids) {
      for (const id of ids) {
        cuts.get(id)?.abort(new PatchError('UNAUTHORIZED', 'The session was ended. Sign in again.'));
        cuts.delete(id);
      }
    },
  };
}
