import type { PlanStep } from '@linux-patch/contract';
import type { RollbackTarget } from '../package-interface/recorded-changes.ts';
import type { PackageRules } from './adapter.ts';
import type { Update } from './package-facts.ts';

/** What tells which steps are about fixes of security faults. */
export interface SecurityFacts {
  readonly rules: PackageRules;
  /** What waits. */
  readonly updates: readonly Update[];
  /** What is rolled back. */
  readonly targets: readonly RollbackTarget[];
}

/** Steps with what is known of each: whether an upgrade brings in the fix of a security fault, or a downgrade takes one back. */
export function withSecurity(steps: readonly PlanStep[], facts: SecurityFacts): PlanStep[] {
  return steps.map((step) => {
    if (step.action === 'upgrade') return { ...step, security: mends(step, facts) };
    return step.action === 'downgrade' ? { ...step, security: takesBack(step, facts) } : step;
  });
}

function mends(
  { name, architecture, from, to }: PlanStep,
  { rules, updates }: SecurityFacts,
): boolean | null {
  const own = updates.filter((one) => one.name === name && one.currentVersion === from);
  const update = own.find((one) => one.architecture === architecture) ?? own[0];
  if (!update || to === null) return null;
  const { security, securityVersion = update.newVersion, securityKnown, newVersion } = update;
  if (security) return rules.compareVersions(to, securityVersion) >= 0 ? true : null;
  // What is newer than what waits is not spoken of.
  return securityKnown && rules.compareVersions(to, newVersion) <= 0 ? false : null;
}

/** By what the job did that is rolled back; what was changed since it says nothing about. */
function takesBack(
  { name, architecture, from, to }: PlanStep,
  { rules, targets }: SecurityFacts,
): boolean | null {
  const target = targets.find((one) => rules.isNamed({ name, architecture }, one.name));
  if (!target?.mended || from === null || to !== target.version) return null;
  const { by, security } = target.mended;
  if (security) return rules.compareVersions(from, by) >= 0 ? true : null;
  return from === by ? false : null;
}
