/** What may go wrong several times in a row, each with a backoff of its own. */
export type Setback =
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

/** Counts setbacks, so that each waits longer than the one before until something goes well. */
export class Setbacks {
  readonly #counts = new Map<Setback, number>();

  /** How often this happened before; counts this time. */
  count(setback: Setback): number {
    const before = this.#counts.get(setback) ?? 0;
    this.#counts.set(setback, before + 1);
    return before;
  }

  clear(...setbacks: readonly Setback[]): void {
    for (const setback of setbacks) this.#counts.delete(setback);
  }
}
