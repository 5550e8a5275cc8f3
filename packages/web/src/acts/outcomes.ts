import type { ActOutcome, FleetAct } from '@linux-patch/contract';

/** How an act stands on a host, with a sign for each; in the order in which it gets there. */
export const SIGNS: Readonly<Record<ActOutcome, string>> = {
  waiting: '·',
  asked: '…',
  accepted: '▶',
  completed: '✓',
  failed: '✖',
  not_begun: '✖',
  not_asked: '–',
  unknown: '?',
};

export const OUTCOMES = Object.keys(SIGNS) as readonly ActOutcome[];

/** On how many hosts it is not over. */
export function openIn({ counts: { waiting, asked, accepted } }: Pick<FleetAct, 'counts'>): number {
  return waiting + asked + accepted;
}
