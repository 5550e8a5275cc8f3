import type { PlanStep } from '@linux-patch/contract';
import { enumerate } from './enumerate.ts';

/** Packages that one sentence names. */
const NAMED = 20;

/** What a step does about fixes of security faults; older agents do not say it. */
export function securityWord({ action, security = null }: PlanStep): string {
  if (action !== 'upgrade' && action !== 'downgrade') return '-';
  if (security === null) return 'not known';
  if (!security) return 'no';
  return action === 'upgrade' ? 'mends a fault' : 'TAKES A FIX BACK';
}

/** What a plan does about fixes of security faults. */
export function securitySentences(steps: readonly PlanStep[]): string[] {
  const downgrades = steps.filter(({ action }) => action === 'downgrade');
  const lost = downgrades.filter(({ security }) => security === true).map(({ name }) => name);
  const unsure = downgrades.filter(({ security = null }) => security === null).map(({ name }) => name);
  return [
    ...(lost.length > 0
      ? [
          `WARNING: it takes back ${lost.length} security ${lost.length === 1 ? 'fix' : 'fixes'}: ${enumerate(lost, NAMED)}.`,
        ]
      : []),
    ...(unsure.length > 0
      ? [`WARNING: whether it takes back security fixes of ${enumerate(unsure, NAMED)} is not known.`]
      : []),
    ...mendingSentence(steps.filter(({ action }) => action === 'upgrade')),
  ];
}

function mendingSentence(upgrades: readonly PlanStep[]): string[] {
  const open = upgrades.filter(({ security = null }) => security === null).length;
  if (upgrades.length === 0) return [];
  if (open === upgrades.length) return ['Whether its upgrades mend security faults is not known.'];
  const mending = upgrades.filter(({ security }) => security === true).length;
  const rest = open > 0 ? `; of ${open} it is not known` : '';
  return [`Upgrades that mend security faults: ${mending} of ${upgrades.length}${rest}.`];
}
