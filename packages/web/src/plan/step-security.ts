import type { PlanStep } from '@linux-patch/contract';
import { count } from '../words/count.ts';

/** Packages that one sentence names. */
const NAMED = 20;

function named(steps: readonly PlanStep[]): string {
  const names = steps.slice(0, NAMED).map(({ name }) => name);
  return `${names.join(', ')}${steps.length > NAMED ? ` and ${count(steps.length - NAMED, 'package')} more` : ''}`;
}

/** What a step does about fixes of security faults, with a sign; older agents do not say it. */
export function stepSecurity({ action, security = null }: PlanStep): string {
  if (action !== 'upgrade' && action !== 'downgrade') return '–';
  if (security === null) return '? not known';
  if (!security) return 'no';
  return action === 'upgrade' ? '✓ mends a fault' : '✖ takes a fix back';
}

/** Which security fixes a plan takes back, and which perhaps. */
export function lostFixes(steps: readonly PlanStep[]): string[] {
  const downgrades = steps.filter(({ action }) => action === 'downgrade');
  const lost = downgrades.filter(({ security }) => security === true);
  const unsure = downgrades.filter(({ security = null }) => security === null);
  const fixes = lost.length === 1 ? 'fix' : 'fixes';
  return [
    ...(lost.length > 0 ? [`It takes back ${lost.length} security ${fixes}: ${named(lost)}.`] : []),
    ...(unsure.length > 0 ? [`Whether it takes back security fixes of ${named(unsure)} is not known.`] : []),
  ];
}

/** How many upgrades of a plan mend security faults; undefined where it upgrades nothing. */
export function mendingOf(steps: readonly PlanStep[]): string | undefined {
  const upgrades = steps.filter(({ action }) => action === 'upgrade');
  const open = upgrades.filter(({ security = null }) => security === null).length;
  if (upgrades.length === 0) return undefined;
  if (open === upgrades.length) return 'Whether its upgrades mend security faults is not known.';
  const mending = upgrades.filter(({ security }) => security === true).length;
  const rest = open > 0 ? `; of ${open} it is not known` : '';
  return `Upgrades that mend security faults: ${mending} of ${upgrades.length}${rest}.`;
}
