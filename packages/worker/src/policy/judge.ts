import type { PlanStep, PolicyDenial } from '@linux-patch/contract';
import type { AskedChange, PackageOrigin, SourcedStep } from '../package-interface/change-policy.ts';
import { matchesGlob } from '../package-interface/name-pattern.ts';
import { isFaulty, type Policy, type PolicyReading } from './policy.ts';
import type { AllowedOrigin } from './schema.ts';
import { describeInstant, describeWindow, isOpen, nextOpening } from './windows.ts';

/** Names and faults that one clause holds. */
const NAMED_LIMIT = 10;

function enumerate(names: readonly string[]): string {
  const more = names.length > NAMED_LIMIT ? ` and ${names.length - NAMED_LIMIT} more` : '';
  return `${names.slice(0, NAMED_LIMIT).join(', ')}${more}`;
}

/** @param key of the rule, perhaps with the number of an item: `excluded_packages.0` */
function deny(policy: Policy, key: string, about: Pick<PolicyDenial, 'reason' | 'packages'>): PolicyDenial {
  const [rule = key] = key.split('.', 1);
  return { rule, file: policy.file, line: policy.lineOf(key) ?? null, ...about };
}

/** Why nothing at all may be changed; undefined when the policy can be relied on. */
export function judgeReading(reading: PolicyReading): PolicyDenial | undefined {
  if (!isFaulty(reading)) return undefined;
  const { file, faults } = reading;
  const more = faults.length > NAMED_LIMIT ? `; and ${faults.length - NAMED_LIMIT} more` : '';
  return {
    rule: '',
    file,
    line: null,
    reason: `the policy has faults, and until they are mended nothing may be changed: ${faults.slice(0, NAMED_LIMIT).join('; ')}${more}`,
    packages: [],
  };
}

/** Why a change must not be done, by what is known of it when it is asked for; undefined when it may. */
export function judgeAsked(policy: Policy, asked: AskedChange): PolicyDenial | undefined {
  const { allowed_operations: allowed, removals } = policy.values;
  const operation = asked.operations.find((one) => !allowed.includes(one));
  if (operation !== undefined) {
    const rest = allowed.length === 0 ? 'nothing' : allowed.join(', ');
    return deny(policy, 'allowed_operations', {
      reason: `${operation} may not be asked for from outside, only ${rest}`,
      packages: [...asked.names],
    });
  }
  if (removals === 'none' && asked.operations.includes('remove'))
    return deny(policy, 'removals', { reason: 'no package may be removed', packages: [...asked.names] });
  if (removals !== 'any' && asked.allowRemovals) {
    const rest =
      removals === 'none' ? 'no package may be removed' : 'only packages that a request names may go';
    return deny(policy, 'removals', {
      reason: `${rest}, and the request allows the removal of others; ask without allow_removals`,
      packages: [],
    });
  }
  return judgeOverrides(policy, asked) ?? firstOf(asked.names, (name) => judgePackage(policy, name));
}

const NO_DOWNGRADE = 'no package may get an older version';

function judgeOverrides(policy: Policy, { names, overrides }: AskedChange): PolicyDenial | undefined {
  const { downgrades, holds } = policy.values;
  if (downgrades === 'none' && overrides.includes('downgrades'))
    return deny(policy, 'downgrades', {
      reason: `${NO_DOWNGRADE}, and the request is a rollback to one or allows it (allow_downgrade)`,
      packages: [...names],
    });
  if (holds === 'kept' && overrides.includes('holds'))
    return deny(policy, 'holds', {
      reason: 'what is held stays held and as it is, and the request releases it or has force',
      packages: [...names],
    });
  return undefined;
}

function firstOf<T>(items: readonly T[], judge: (item: T) => PolicyDenial | undefined) {
  for (const item of items) {
    const denial = judge(item);
    if (denial) return denial;
  }
  return undefined;
}

/** Architectures that are not one: the package manager finds out which is meant, or it is there for each. */
const ANY_ARCHITECTURE: ReadonlySet<string> = new Set(['all', 'any', 'native']);

/** Whether a pattern may mean a package of this name; a pattern without architecture means all of them. */
function mayMean(pattern: string, name: string): boolean {
  const [plain = name, architecture] = name.split(':');
  if (matchesGlob(pattern, name) || matchesGlob(pattern, plain)) return true;
  const isOpen = architecture === undefined || ANY_ARCHITECTURE.has(architecture);
  return isOpen && matchesGlob(pattern.split(':', 1)[0] ?? pattern, plain);
}

/**
 * Why a package is never touched; undefined when it may be.
 * @param name perhaps with an architecture; without one it may be the package of any
 * @param shown how the denial names it
 */
export function judgePackage(policy: Policy, name: string, shown = name): PolicyDenial | undefined {
  const patterns = policy.values.excluded_packages;
  const at = patterns.findIndex((pattern) => mayMean(pattern, name));
  if (at < 0) return undefined;
  const what = patterns[at] === shown ? shown : `${shown} ("${patterns[at]}")`;
  return deny(policy, `excluded_packages.${at}`, { reason: `${what} is never touched`, packages: [shown] });
}

/** Whether some rule looks at what a change does, so that its steps have to be known. */
export function looksAtSteps({ values }: Policy): boolean {
  return (
    values.excluded_packages.length > 0 || values.allowed_origins !== undefined || values.removals !== 'any'
  );
}

/** Why a change with these steps must not be done; undefined when it may. */
export function judgeSteps(policy: Policy, steps: readonly SourcedStep[]): PolicyDenial | undefined {
  return (
    firstOf(steps, (step) => judgeExclusion(policy, step)) ??
    judgeRemovals(policy, steps) ??
    judgeDowngrades(policy, steps) ??
    firstOf(steps, (step) => judgeOrigins(policy, step))
  );
}

const WORDS: Readonly<Record<PlanStep['action'], string>> = {
  install: 'installed',
  upgrade: 'upgraded',
  downgrade: 'downgraded',
  reinstall: 'installed anew',
  remove: 'removed',
  replace: 'replaced',
};

function judgeExclusion(policy: Policy, { name, architecture, action }: PlanStep): PolicyDenial | undefined {
  const denial = judgePackage(policy, `${name}:${architecture}`, name);
  return denial && { ...denial, reason: `${denial.reason}, and it would be ${WORDS[action]}` };
}

function judgeRemovals(policy: Policy, steps: readonly PlanStep[]): PolicyDenial | undefined {
  const { removals } = policy.values;
  if (removals === 'any') return undefined;
  const names = steps.filter((one) => one.to === null && !(removals === 'named' && one.asked)).map(nameOf);
  if (names.length === 0) return undefined;
  const rest =
    removals === 'none' ? 'no package may be removed' : 'only packages that a request names may go';
  return deny(policy, 'removals', { reason: `${rest}, and ${enumerate(names)} would`, packages: names });
}

/** Without a word of the request the package manager gives no older version; so these steps need not be looked for. */
function judgeDowngrades(policy: Policy, steps: readonly PlanStep[]): PolicyDenial | undefined {
  const names = steps.filter((one) => one.action === 'downgrade').map(nameOf);
  if (policy.values.downgrades === 'any' || names.length === 0) return undefined;
  const reason = `${NO_DOWNGRADE}, and ${enumerate(names)} would`;
  return deny(policy, 'downgrades', { reason, packages: names });
}

function nameOf({ name }: PlanStep): string {
  return name;
}

function judgeOrigins(policy: Policy, { name, to, origins }: SourcedStep): PolicyDenial | undefined {
  const { allowed_origins: allowed } = policy.values;
  if (allowed === undefined || to === null) return undefined;
  const isAllowed = (found: PackageOrigin | undefined): boolean =>
    found !== undefined && allowed.some((entry) => fits(entry, found));
  if (origins.length > 0 && origins.every(isAllowed)) return undefined;
  const foreign = origins.find((found) => !isAllowed(found));
  const where = foreign === undefined ? 'a source of which nothing is known' : describeOrigin(foreign);
  return deny(policy, 'allowed_origins', {
    reason: `${name} ${to} would come from ${where}, which is not allowed`,
    packages: [name],
  });
}

const FIELDS = ['origin', 'label', 'suite', 'codename', 'site'] as const;

/** What a source does not say fits nothing. */
function fits(entry: AllowedOrigin, found: PackageOrigin): boolean {
  return FIELDS.every((field) => {
    const [pattern, value] = [entry[field], found[field]];
    return pattern === undefined || (value !== undefined && matchesGlob(pattern, value));
  });
}

function describeOrigin(found: PackageOrigin): string {
  const said = FIELDS.flatMap((field) => (found[field] === undefined ? [] : [`${field} ${found[field]}`]));
  return said.length === 0 ? 'a source that says nothing about itself' : `the source with ${said.join(', ')}`;
}

/** When it is, as far as that is known. */
export interface Moment {
  readonly epochMs: number;
  /** The time zone of the host; undefined when it cannot be told. */
  readonly hostZone: string | undefined;
  /** Why the clock of the host cannot be believed; undefined when it can. */
  readonly clockFault: string | undefined;
}

/** Why no change may begin now; undefined when one may. What time it is has to be known for that. */
export function judgeMoment(policy: Policy, moment: Moment): PolicyDenial | undefined {
  const { windows, time_zone: zone = moment.hostZone } = policy.values;
  if (windows === undefined) return undefined;
  const closed = (reason: string) => deny(policy, 'windows', { reason, packages: [] });
  if (zone === undefined)
    return closed(
      'changes begin in its windows only, and the time zone of this host cannot be told; set time_zone',
    );
  if (moment.clockFault !== undefined)
    return closed(
      `changes begin in its windows only, and the clock of this host is in doubt: ${moment.clockFault}`,
    );
  if (isOpen(windows, zone, moment.epochMs)) return undefined;
  const next = nextOpening(windows, zone, moment.epochMs);
  const when =
    next === undefined ? 'none opens within two weeks' : `the next opens ${describeInstant(zone, next)}`;
  const now = describeInstant(zone, moment.epochMs);
  return closed(
    `changes may begin in its windows only (${enumerate(windows.map(describeWindow))}); it is ${now}, ${when}`,
  );
}
