import type { DoctorCode } from '../../src/doctor/table.ts';
import type { SickHost, Told } from './sick-host.ts';

/** One broken state: how a host gets into it, and what the doctor must name first. */
export interface BrokenState {
  readonly code: DoctorCode;
  /** Which variant, where a code has several. */
  readonly variant?: string;
  /** What the finding has to mention. */
  readonly says?: RegExp;
  /** What would be the wrong cause, and must not be named at all. */
  readonly lacks?: DoctorCode;
  /** Whether `--fix` mends it, so that a second run finds nothing of it. */
  readonly fixed?: boolean;
  readonly args?: readonly string[];
  /** Where the doctor has to run as a program of its own, in a namespace where this has been done first. */
  readonly namespace?: { readonly flags: readonly string[]; readonly before: (host: SickHost) => string };
  /** Asks the doctor in a way of its own. */
  readonly ask?: (host: SickHost) => Promise<Told>;
  readonly arrange: (host: SickHost) => unknown;
}
