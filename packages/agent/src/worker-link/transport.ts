import { MINUTE_MS, PatchError } from '@linux-patch/contract';

/** Some 50,000 packages. */
export const MOST_ANSWER_BYTES = 32 * 1024 * 1024;

/** How a request comes to a worker of its own, and the answer back. */
export interface WorkerTransport {
  /**
   * @returns the line that the worker answered
   * @throws PatchError `WORKER_UNAVAILABLE` that says why there is none
   */
  exchange(request: Uint8Array, limits: ExchangeLimits): Promise<string>;
}

export interface ExchangeLimits {
  /** After so long the worker is ended. */
  readonly timeoutMs: number;
  /** Aborts when nobody waits for the answer any more; the worker is ended then. */
  readonly signal: AbortSignal;
  /** Whether it asks the sources of packages; a worker that reads and changes may have no network. */
  readonly needsNetwork: boolean;
}

/** What is said when the worker was ended because of a limit. */
export const ENDED_BY = {
  signal: 'the agent is stopping, or nobody waits for the answer any more',
  time: (ms: number) => `the worker was not done after ${Math.floor(ms / MINUTE_MS)} minutes and was ended`,
};

/**
 * @param what why there is no answer
 * @param help what to do about it, in whole sentences
 */
export function unavailable(
  what: string,
  {
    cause,
    help = 'Ask again; if that does not help, look into the log of this host.',
  }: { readonly cause?: unknown; readonly help?: string } = {},
): PatchError {
  const message = `The worker of this host gave no answer, because ${what}. ${help}`;
  return new PatchError('WORKER_UNAVAILABLE', message, { cause });
}
