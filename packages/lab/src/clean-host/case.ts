import type { Flavour } from '../hosts/images.ts';
import type { World } from './world.ts';

/** Something that must hold on a clean host. It throws when it does not. */
export interface CleanHostCase {
  /** A sentence about behaviour. */
  readonly name: string;
  readonly flavours: readonly Flavour[];
  /** Needs the packages of an earlier release, which are built once. */
  readonly upgrades?: true;
  /** Mostly waits, so it begins first and runs beside the others. */
  readonly takesMinutes?: true;
  /** How long it may take before its hosts are switched off and it has failed, alone. Default: ten minutes. */
  readonly limitMs?: number;
  /** How many hosts it boots at most; for the look at the machine before a run. Default: two. */
  readonly hosts?: number;
  /** May resolve to a number or a word that is worth printing. */
  readonly run: (world: World, flavour: Flavour) => Promise<string | void>;
}
