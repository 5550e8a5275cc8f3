import type { AttackWorld } from './world.ts';

/** Something an attacker does, and the proof that it gains nothing. */
export interface AttackCase {
  /** Short, stable name; also what `npm run test:attacks -- WORD` looks for. */
  readonly name: string;
  /** Who tries what: a sentence for the reference. */
  readonly tried: string;
  /** What happens now: a sentence for the reference. */
  readonly now: string;
  /** How long the case may take before it is ended as failed. Default: two minutes. */
  readonly limitMs?: number;
  /** Mostly waits for its agent to ask again, so it runs beside the others. */
  readonly waits?: true;
  /**
   * Tries it with real programs and a load bounded in count and time.
   * @returns what was measured, in a few words ("403 after 2 ms; 41 MB more memory")
   * @throws Error when the attacker gained something
   */
  run(world: AttackWorld): Promise<string>;
}

/** A chapter of the reference. */
export interface AttackChapter {
  readonly title: string;
  readonly cases: readonly AttackCase[];
}
