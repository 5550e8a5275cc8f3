import type { AgentConfig } from '../config/schema.ts';

/** Follows the configuration while the agent only waits, so that what changes counts without a restart. */
export interface Reconfiguration extends AsyncDisposable {
  /** Aborts when the configuration is another one; what was begun with the old one ends then. */
  readonly changed: AbortSignal;
  /** The newest configuration without faults. The file may have been broken since. */
  readonly latest: AgentConfig;
  /** Serving begins: from now on a change waits for a restart. */
  end(): Promise<void>;
}

/** For commands that read the configuration once. */
export function notFollowed(config: AgentConfig): Reconfiguration {
  return {
    changed: new AbortController().signal,
    latest: config,
    end: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
