import type { PolicyDenial } from '@linux-patch/contract';
import { describeDenial } from '../package-interface/change-policy.ts';
import type { LeftOut } from '../package-interface/left-out.ts';
import { matchesGlob } from '../package-interface/name-pattern.ts';
import type { UpdateWish } from '../package-interface/package-operations.ts';
import type { PackageAdapter, Refusal } from './adapter.ts';
import type { HiddenSecurity, Installed, Update } from './package-facts.ts';
import type { DenialOf } from './permit.ts';

type Adapter = Pick<PackageAdapter, 'rules' | 'words'>;

/** Pending updates sorted by what a job does with them; the rest is nothing that it was asked for. */
export interface Choice {
  /** With the version to install as `newVersion`. */
  readonly chosen: readonly Update[];
  /** An ordinary upgrade would leave them; they come in when they fit all the same without removing anything. */
  readonly doubtful: readonly Update[];
  /** What the host has now. */
  readonly installed: readonly Installed[];
  /** Must stay at their version, even where a chosen one would like a newer. */
  readonly excluded: readonly Update[];
  /** Wanted, and left as they are without a question. */
  readonly left: readonly LeftOut[];
  /** Would be wanted if the request did not exclude them. */
  readonly leftByRequest: readonly LeftOut[];
}

/** The update to the newest version of the security archive, which may be older than the newest. */
function securityOnly(one: Update): Update {
  const { securityVersion = one.newVersion } = one;
  if (securityVersion === one.newVersion) return one;
  // What an ordinary upgrade would do with the newest says nothing about this version.
  return { ...one, newVersion: securityVersion, phased: false, phasedPercent: undefined, offered: undefined };
}

/** An update that stays out. */
export function leftOut(one: Update, wish: UpdateWish, why: Refusal): LeftOut {
  const { id: name, currentVersion: current, newVersion: version, security } = one;
  return { name, current, version, security, asked: wish.selection.kind === 'names', ...why };
}

/** Whether nobody named what is to be updated; what is named and forbidden is denied as a whole. */
function isUnnamed({ selection }: UpdateWish): boolean {
  return selection.kind !== 'names';
}

/** Why an update is not even tried. */
function stays(one: Update, wish: UpdateWish, { adapter, denialOf }: Facts): Refusal | undefined {
  const code = 'DEPENDENCY_CONFLICT';
  const { unhold } = adapter.words;
  if (one.held) return { code, why: 'held', reason: `held on this host: ${unhold} lets it in` };
  const denial = isUnnamed(wish) ? denialOf(one) : undefined;
  if (denial) return forbidden(denial);
  if (!one.phased || wish.selection.kind === 'names') return undefined;
  return {
    code,
    why: 'phased',
    reason: `given to ${one.phasedPercent} % of machines for now, of which this host is none`,
  };
}

/** Why the policy of the host keeps something out. */
export function forbidden(denial: PolicyDenial): Refusal {
  return { code: 'POLICY_DENIED', why: 'policy', reason: describeDenial(denial) };
}

interface Facts {
  readonly adapter: Adapter;
  /** By the policy of the host. */
  readonly denialOf: DenialOf;
  readonly installed: readonly Installed[];
  readonly updates: readonly Update[];
  readonly hiddenSecurity: readonly HiddenSecurity[];
}

/** The update to the security version where the policy of the host allows that and not the newest. */
function allowedVersion(one: Update, { denialOf }: Facts): Update {
  if (!one.security || denialOf(one) === undefined) return one;
  const secure = securityOnly(one);
  return denialOf(secure) === undefined ? secure : one;
}

/** Updates that nobody named and that the policy of the host forbids. */
function forbiddenOf(wanted: readonly Update[], wish: UpdateWish, { denialOf }: Facts): Update[] {
  return isUnnamed(wish) ? wanted.filter((one) => !one.held && denialOf(one) !== undefined) : [];
}

/**
 * The updates to bring in. Held and excluded ones stay; so do those that an ordinary upgrade leaves alone (phased, or
 * kept back because another package would have to go), unless they are named.
 */
export function selectUpdates(facts: Facts, wish: UpdateWish): Choice {
  const { selection, exclude } = wish;
  const { rules } = facts.adapter;
  const isExcluded = (one: Pick<Update, 'id' | 'name'>): boolean =>
    exclude.some((pattern) => [one.id, one.name].some((name) => matchesGlob(pattern, name)));
  const onlySecurity =
    selection.kind === 'security' || (selection.kind === 'names' && selection.securityOnly);
  const inScope = (one: Pick<Installed, 'name' | 'architecture'>): boolean =>
    selection.kind !== 'names' || selection.names.some((name) => rules.isNamed(one, name));
  const candidates = onlySecurity
    ? facts.updates.filter((one) => one.security).map(securityOnly)
    : facts.updates.map((one) => (isUnnamed(wish) ? allowedVersion(one, facts) : one));
  const scope = candidates.filter(inScope);
  const wanted = scope.filter((one) => !isExcluded(one));
  const tried = wanted.filter((one) => stays(one, wish, facts) === undefined);
  const isDoubtful = (one: Update): boolean => selection.kind !== 'names' && one.offered === false;
  const hidden = facts.hiddenSecurity.filter((one) => !isExcluded(one) && isWanted(one, facts, inScope));
  return {
    installed: facts.installed,
    chosen: tried.filter((one) => !isDoubtful(one)),
    doubtful: tried.filter(isDoubtful),
    excluded: [
      ...facts.updates.filter((one) => !one.held && isExcluded(one)),
      ...forbiddenOf(wanted, wish, facts),
    ],
    left: [
      ...wanted.flatMap((one) => {
        const why = stays(one, wish, facts);
        return why ? [leftOut(one, wish, why)] : [];
      }),
      ...hidden.map((one) => hiddenLeftOut(one, wish, facts.adapter)),
      ...notInstalled(facts, wish),
    ],
    leftByRequest: scope.filter(isExcluded).map((one) =>
      leftOut(one, wish, {
        code: 'DEPENDENCY_CONFLICT',
        why: 'excluded',
        reason: 'excluded by the request',
      }),
    ),
  };
}

function isWanted(
  { id }: HiddenSecurity,
  { adapter, installed }: Facts,
  inScope: (one: Installed) => boolean,
): boolean {
  return installed.some((one) => adapter.rules.isNamed(one, id) && inScope(one));
}

/** A security update that is newer than what would be installed. */
function hiddenLeftOut(one: HiddenSecurity, { selection }: UpdateWish, { words }: Adapter): LeftOut {
  return {
    name: one.id,
    current: one.currentVersion,
    version: one.version,
    security: true,
    asked: selection.kind === 'names',
    why: 'pinned',
    reason: words.hidden,
    code: 'DEPENDENCY_CONFLICT',
  };
}

/** Named packages that are not there; what is there and has no update is as asked for. */
function notInstalled({ adapter, installed }: Facts, { selection }: UpdateWish): LeftOut[] {
  if (selection.kind !== 'names') return [];
  const missing = selection.names.filter(
    (name) => !installed.some((one) => adapter.rules.isNamed(one, name)),
  );
  return missing.map((name) => ({
    name,
    current: null,
    version: null,
    security: false,
    asked: true,
    why: 'not_installed',
    reason: 'not installed on this host',
    code: 'PKG_NOT_FOUND',
  }));
}
