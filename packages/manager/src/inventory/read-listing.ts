import {
  lazily,
  type PackageList,
  PackageName,
  PatchError,
  type PatchList,
  PackageVersion as Version,
} from '@linux-patch/contract';
import { z } from 'zod';
import type { PackageVersion, PendingUpdate } from './packages.ts';

/** More than any host has. */
const MAX_PACKAGES = 20_000;
const SHOWN_CHARACTERS = 100;
const MAX_DOUBT_CHARACTERS = 1_000;

/** What of a package the dictionary takes; the same bounds hold for what may be asked of hosts. */
const Entry = lazily(() =>
  z.object({
    name: PackageName,
    arch: z
      .string()
      .max(64)
      .regex(/^[a-zA-Z0-9_-]*$/, 'an architecture has only letters, digits, _ and -'),
    version: Version,
    sourceName: z.union([PackageName, z.literal('')]),
    sourceVersion: z.union([Version, z.literal('')]),
  }),
);

function refused(why: string): PatchError {
  return new PatchError('AGENT_ERROR', `Its listing was not taken: ${why}.`);
}

interface Listed {
  readonly name: string;
  readonly source_name?: string | null | undefined;
  readonly source_version?: string | null | undefined;
}

function entryOf(listed: Listed, version: string, arch: string): PackageVersion {
  const { name, source_name, source_version } = listed;
  const read = Entry.safeParse({
    name,
    version,
    arch,
    sourceName: source_name ?? '',
    sourceVersion: source_version ?? '',
  });
  if (read.success) return read.data;
  const shown = JSON.stringify(`${name} ${version}`.slice(0, SHOWN_CHARACTERS));
  throw refused(
    `it names a package ${shown} that none can be: ${read.error.issues[0]?.message ?? 'it does not fit'}`,
  );
}

/** @throws PatchError `AGENT_ERROR` for a listing that is not whole, or has what no host can have */
export function readInstalled({ packages, total }: PackageList): PackageVersion[] {
  if (total !== packages.length)
    throw refused(`it has ${packages.length} of the ${total} packages that the host says it has`);
  if (total > MAX_PACKAGES) throw refused(`it has ${total} packages, and ${MAX_PACKAGES} are the most`);
  return packages
    .filter((one) => one.status !== 'available')
    .map((one) => entryOf(one, one.version, one.architecture));
}

/**
 * @param installed what the host has, which says of which architecture each update is
 * @throws PatchError `AGENT_ERROR` for a listing that is not whole, or has what no host can have
 */
export function readPending(list: PatchList, installed: readonly PackageVersion[]): PendingUpdate[] {
  const { patches, total, hidden_security: hidden = [] } = list;
  if (total !== patches.length)
    throw refused(`it has ${patches.length} of the ${total} updates that the host says wait`);
  if (total + hidden.length > MAX_PACKAGES)
    throw refused(`it has ${total + hidden.length} updates, and ${MAX_PACKAGES} are the most`);
  const findArch = archFinder(installed);
  const waiting = patches.map(
    (one): PendingUpdate => ({
      candidate: entryOf(one, one.available_version, findArch(one.name, one.current_version)),
      installedVersion: versionOf(one.name, one.current_version),
      security: one.security || (one.security_known === false ? null : false),
      securityVersion: securityVersionOf(one),
      held: one.held,
      phased: one.phased,
      hidden: false,
      origin: one.origin?.slice(0, 256) ?? null,
    }),
  );
  const kept = hidden.map(
    (one): PendingUpdate => ({
      candidate: entryOf(one, one.security_version, findArch(one.name, one.current_version)),
      installedVersion: versionOf(one.name, one.current_version),
      security: true,
      securityVersion: null,
      held: false,
      phased: false,
      hidden: true,
      origin: null,
    }),
  );
  return [...waiting, ...kept];
}

function versionOf(name: string, version: string): string {
  return entryOf({ name }, version, '').version;
}

function securityVersionOf(one: PatchList['patches'][number]): string | null {
  const { name, security_version: fix, available_version: newest } = one;
  return fix === null || fix === undefined || fix === newest ? null : versionOf(name, fix);
}

/** Listings of updates do not say it; one name may be there for several, each with an update of its own. */
function archFinder(installed: readonly PackageVersion[]): (name: string, version: string) => string {
  const waiting = Map.groupBy(installed, (one) => `${one.name} ${one.version}`);
  return (name, version) => waiting.get(`${name} ${version}`)?.shift()?.arch ?? '';
}

/** Why a host on which nothing waits is not up to date for sure; null when it is. */
export function doubtOf({ lists }: Pick<PatchList, 'lists'>): string | null {
  if (!lists) return 'How old its package lists are its agent does not say; upgrade the agent.';
  const absent = lists.sources.find((one) => !one.present);
  if (lists.message !== 'ok') return sentence(`About its package lists it says: ${lists.message}`);
  if (lists.status === 'unknown') return 'It never checked its package lists.';
  if (lists.status !== 'fresh') return `Its package lists are ${lists.status}.`;
  if (absent) return sentence(`It has no lists of ${absent.uri}, so nothing is known of the updates there`);
  return null;
}

function sentence(text: string): string {
  return `${text.slice(0, MAX_DOUBT_CHARACTERS)}.`;
}
