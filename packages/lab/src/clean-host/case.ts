import type { Flavour } from '../hosts/images.ts';
import type { World } from './world.ts';

/** Something that must hold on a clean host. It throws when it does not. */
export interface CleanHostCase {
  /** A sentence about behaviour. */
  readonly name: string;
  readonly flavours: readonly Flavour[];
  /** Mostly waits, so it begins first and runs beside the others. */
  readonly takesMinutes?: true;
  /** May resolve to a number or a word that is worth printing. */
  readonly run: (world: World, flavour: Flavour) => Promise<string | void>;
}
