import type { Sight } from './sight.ts';
import type { FaultWorld } from './world.ts';

/** A fault, what the agent does about it, and the proof. */
export interface FaultCase {
  /** Short, stable name; also what `npm run test:faults -- WORD` looks for. */
  readonly name: string;
  readonly fault: string;
  readonly agentDoes: string;
  readonly sees: readonly Sight[];
  /** What a person has to do before the agent serves again; undefined when nobody is needed. */
  readonly person?: string;
  /** Breaks, shows, mends. The world measures from the last `mended` to the first answer over mTLS. */
  run(world: FaultWorld): Promise<void>;
}

/** A chapter of the reference. */
export interface FaultChapter {
  readonly title: string;
  readonly cases: readonly FaultCase[];
}
