import type { RotationPhase } from '@linux-patch/contract';

/** The ids of the CA that is replaced and of the one that takes its place. */
export interface Cas {
  readonly oldCa: string;
  readonly newCa: string;
}

interface Step {
  /** In which the replacement is while hosts follow; undefined for the last one, which ends it. */
  readonly phase?: RotationPhase;
  /** A clause. */
  readonly does: string;
  /** How long it takes, and what is noticed of it. */
  readonly takes: string;
  readonly back: string;
}

const UP = 'Hosts that are up follow within seconds, those that are off when they are back.';
const BACK = 'It can be rolled back.';

/** What is done one after the other to replace a root CA. */
export function stepsOf({ oldCa, newCa }: Cas): readonly Step[] {
  return [
    {
      phase: 'trust',
      does: `Hosts learn to trust ${newCa}, which issues nothing yet`,
      takes: UP,
      back: BACK,
    },
    {
      phase: 'manager',
      does: `The manager's own certificates are from ${newCa}`,
      takes: `That is done at once, for this page as well; whoever knows the manager by ${oldCa} goes on knowing it.`,
      back: BACK,
    },
    {
      phase: 'hosts',
      does: `Hosts get certificates of ${newCa}`,
      takes: `${UP} No connection is dropped.`,
      back: BACK,
    },
    {
      does: `${oldCa} is removed, and its keys are destroyed`,
      takes: 'That is done at once.',
      back: 'It is the only step that cannot be taken back. Make a backup afterwards.',
    },
  ];
}
