import type { Architecture, ProgramPackage } from '../programs.ts';
import type { Bundle } from './bundle.ts';

/** One package to make from a staged tree. */
export interface PackageJob {
  readonly program: ProgramPackage;
  readonly architecture: Architecture;
  readonly bundle: Bundle;
  readonly stageFolder: string;
  readonly workFolder: string;
  readonly outFolder: string;
  readonly root: string;
  /** Counts the packages of one version. */
  readonly revision: string;
  /** Time of every file in the package, seconds (https://reproducible-builds.org/specs/source-date-epoch/). */
  readonly epochS: number;
  /** Little compression, for tests. */
  readonly fast: boolean;
  /** Debian packages that older dpkg cannot read, but which unpack in a quarter of the time. */
  readonly zstd: boolean;
}
