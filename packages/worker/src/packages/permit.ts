import type { PlanStep, PolicyDenial } from '@linux-patch/contract';
import {
  type AskedChange,
  type ChangeRules,
  policyError,
  type SourcedStep,
} from '../package-interface/change-policy.ts';
import type { PackageAdapter, PackageFile } from './adapter.ts';
import type { PackageHost } from './doors.ts';
import type { Update } from './package-facts.ts';

type Host = Pick<PackageHost, 'adapter' | 'clock' | 'policy'>;

/** Why the steps of a change may not be done; undefined when they may. */
export async function refuseSteps(
  { adapter }: Pick<PackageHost, 'adapter'>,
  rules: ChangeRules,
  steps: readonly PlanStep[],
): Promise<PolicyDenial | undefined> {
  if (!rules.looksAtSteps || steps.length === 0) return undefined;
  return rules.refuseSteps(await withOrigins(adapter, steps));
}

function keyOf({ name, architecture, version }: PackageFile): string {
  return `${name}:${architecture}=${version}`;
}

async function withOrigins(
  { changing }: Pick<PackageAdapter, 'changing'>,
  steps: readonly PlanStep[],
): Promise<SourcedStep[]> {
  const coming = steps.flatMap(({ name, architecture, to }) =>
    to === null ? [] : [{ name, architecture, version: to }],
  );
  const origins = coming.length === 0 ? [] : await changing.origins(coming);
  const known = new Map(coming.map((one, index) => [keyOf(one), origins[index] ?? [undefined]]));
  return steps.map((step) => {
    const { name, architecture, to } = step;
    if (to === null) return { ...step, origins: [] };
    return { ...step, origins: known.get(keyOf({ name, architecture, version: to })) ?? [undefined] };
  });
}

/** Says of an update why it must not be done by itself; undefined when it may. */
export type DenialOf = (one: Update) => PolicyDenial | undefined;

/** Judges updates one by one, those to the security version among them; what they take besides is not looked at. */
export async function judgeUpdates(
  { adapter }: Pick<PackageHost, 'adapter'>,
  rules: ChangeRules,
  updates: readonly Update[],
): Promise<DenialOf> {
  if (!rules.looksAtSteps) return () => undefined;
  const steps = updates.flatMap(({ name, architecture, currentVersion, newVersion, securityVersion }) =>
    [...new Set([newVersion, securityVersion ?? newVersion])].map(
      (to): PlanStep => ({
        action: 'upgrade',
        name,
        architecture,
        from: currentVersion,
        to,
        purge: false,
        asked: true,
      }),
    ),
  );
  const denials = new Map(
    (await withOrigins(adapter, steps)).map((step) => [
      keyOf({ ...step, version: step.to ?? '' }),
      rules.refuseSteps([step]),
    ]),
  );
  return (one) => denials.get(keyOf({ ...one, version: one.newVersion }));
}

/**
 * The last look, by the policy as it is now: it may have become another since the change was asked for.
 * @throws PatchError `POLICY_DENIED` when a change with these steps may not begin now
 */
export async function requirePermitted(
  host: Host,
  asked: AskedChange,
  steps: readonly PlanStep[],
): Promise<void> {
  const rules = await host.policy.read();
  const denial =
    (await refuseSteps(host, rules, steps)) ??
    rules.refuseAsked(asked) ??
    rules.refuseMoment(host.clock.now());
  if (denial) throw policyError(denial);
}
