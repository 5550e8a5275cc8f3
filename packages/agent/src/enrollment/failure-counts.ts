/** What may go wrong several times in a row, each with a backoff of its own. */
export type Failure =
  /** Requests without an answer of a manager. */
  | 'request'
  | 'conflict'
  | 'person'
  | 'lost_request'
  | 'refused_bundle'
  | 'unproven_denial'
  | 'clock'
  | 'hasty_answer'
  | 'local';

/** Counts failures, so that each waits longer than the one before until something goes well. */
export class FailureCounts {
  readonly #counts = new Map<Failure, number>();

  /** How often this happened before; counts this time. */
  count(failure: Failure): number {
    const before = this.#counts.get(failure) ?? 0;
    this.#counts.set(failure, before + 1);
    return before;
  }

  clear(...failures: readonly Failure[]): void {
    for (const failure of failures) this.#counts.delete(failure);
  }
}
