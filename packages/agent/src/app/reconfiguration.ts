/** Follows the configuration while the agent only waits, so that what changes counts without a restart. */
export interface Reconfiguration extends AsyncDisposable {
  /** Aborts when the configuration is another one; what was begun with the old one ends then. */
  readonly changed: AbortSignal;
  /** Serving begins: from now on a change waits for a restart. */
  end(): Promise<void>;
}

/** For commands that read the configuration once. */
export const NOT_FOLLOWED: Reconfiguration = {
  changed: new AbortController().signal,
  end: async () => {},
  [Symbol.asyncDispose]: async () => {},
};
