import { createHash } from 'node:crypto';
import { compareText, type PlanStep } from '@linux-patch/contract';
import type { PackageId, PackageRules, Simulated } from './adapter.ts';
import type { Installed } from './package-facts.ts';

interface Facts {
  readonly rules: PackageRules;
  readonly installed: readonly Installed[];
  /** Names of the packages that the change is about, perhaps with an architecture. */
  readonly asked: readonly string[];
}

/** What a simulation says as steps, in the order of names. */
export function stepsOf(simulated: readonly Simulated[], facts: Facts): PlanStep[] {
  const coming = Map.groupBy(
    simulated.filter((one) => one.version !== null),
    (one) => one.name,
  );
  // What goes for a moment, to come back in another version, does not go.
  const comesBack = (one: Simulated): boolean =>
    (coming.get(one.name) ?? []).some((each) => isSamePackage(one, each, facts.rules));
  return simulated
    .filter((one) => one.version !== null || !comesBack(one))
    .map((one) => stepOf(one, facts))
    .sort(byName);
}

/** Whether one takes the place of the other; packages for every architecture are in the place of any. */
function isSamePackage(a: PackageId, b: PackageId, rules: PackageRules): boolean {
  if (a.name !== b.name) return false;
  if (a.architecture === b.architecture) return true;
  return rules.isNamed(a, rules.qualifiedName(b)) || rules.isNamed(b, rules.qualifiedName(a));
}

function stepOf(one: Simulated, { rules, installed, asked }: Facts): PlanStep {
  const { name, version, purge } = one;
  const same = installed.filter((each) => isSamePackage(each, one, rules));
  const own = same.find((each) => each.architecture === one.architecture) ?? same[0];
  const architecture = version === null ? (own?.architecture ?? one.architecture) : one.architecture;
  const from = own?.version ?? null;
  return {
    action: actionOf(from, version, rules),
    name,
    architecture,
    from,
    to: version,
    purge,
    asked: asked.some((each) => rules.isNamed({ name, architecture }, each)),
  };
}

function actionOf(from: string | null, to: string | null, rules: PackageRules): PlanStep['action'] {
  if (to === null) return 'remove';
  if (from === null) return 'install';
  const order = rules.compareVersions(from, to);
  if (order === 0) return 'reinstall';
  return order < 0 ? 'upgrade' : 'downgrade';
}

function byName(a: PlanStep, b: PlanStep): number {
  return a.name === b.name ? compareText(a.architecture, b.architecture) : compareText(a.name, b.name);
}

/** The name of a plan: the same for the same steps, whatever was asked for. */
export function hashOfSteps(steps: readonly PlanStep[]): string {
  const facts = steps
    .toSorted(byName)
    .map(({ action, name, architecture, from, to, purge }) => [action, name, architecture, from, to, purge]);
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** Steps that remove packages which nobody named. */
export function unnamedRemovals(steps: readonly PlanStep[]): PlanStep[] {
  return steps.filter((one) => one.to === null && !one.asked);
}
