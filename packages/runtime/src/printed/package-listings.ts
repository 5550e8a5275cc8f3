import type { ListSource, PackageList, PackageLists, Patch, PatchList } from '@linux-patch/contract';
import { printableLine } from '../printable.ts';
import { enumerate } from './enumerate.ts';
import { pastTime, renderTable } from './table.ts';

/** More names than this are counted instead. */
const NAMED = 20;

function nameOf({ label, suite, codename, uri }: ListSource): string {
  return [label, suite ?? codename].filter(Boolean).join(':') || uri;
}

/** How old what the host has of a source is; older agents do not say when it came. */
function ageOf({ fetched_at: fetched }: ListSource, nowMs: number): string | undefined {
  if (fetched === undefined) return undefined;
  return fetched === null ? 'lists of unknown age' : `lists from ${pastTime(fetched, nowMs)}`;
}

function sourceWords(one: ListSource, nowMs: number): string {
  const made = one.published_at === null ? undefined : `published ${pastTime(one.published_at, nowMs)}`;
  const facts = [ageOf(one, nowMs), made].filter((word) => word !== undefined);
  return facts.length === 0 ? nameOf(one) : `${nameOf(one)} (${facts.join(', ')})`;
}

/** What the last refresh failed for while others were refreshed; a failure of all of them is told once. */
function failureWords({ sources, status, message }: PackageLists, nowMs: number): string[] {
  const told = message.replaceAll(/\s+/g, ' ');
  const failed = status === 'failed' ? [] : sources.filter((one) => one.error !== undefined);
  return failed.slice(0, NAMED).map((one) => {
    const { error = '' } = one;
    const age = one.present ? (ageOf(one, nowMs) ?? 'its lists are older') : 'no lists';
    const why = told.includes(error) ? '' : `: ${error.replace(/\.$/, '')}`;
    return `WARNING: ${nameOf(one)}: ${age}, the last attempt failed${why}.`;
  });
}

/** When the lists were checked, what they are made of, and what is wrong with them; one sentence a line. */
export function describeLists(lists: PackageLists | undefined, nowMs: number): string[] {
  if (!lists)
    return ['How old the package lists of the host are, its agent does not say; agents from 1.2 on do.'];
  const present = lists.sources.filter((one) => one.present);
  const absent = lists.sources.filter((one) => !one.present);
  const sources = present.map((one) => sourceWords(one, nowMs));
  return [
    lists.refreshed_at === null
      ? 'The agent never checked the package lists of the host; --refresh does it now.'
      : `Package lists checked ${pastTime(lists.refreshed_at, nowMs)}${lists.status === 'fresh' ? '' : ` (${lists.status})`}.`,
    ...(sources.length > 0 ? [`Sources: ${enumerate(sources, NAMED)}.`] : []),
    ...(absent.length > 0
      ? [
          `WARNING: no lists of ${enumerate(
            absent.map((one) => one.uri),
            NAMED,
          )}; nothing is known of the updates there.`,
        ]
      : []),
    ...failureWords(lists, nowMs),
    ...(lists.message === 'ok' ? [] : [`WARNING: ${lists.message}.`]),
  ];
}

function kindOf(one: Patch): string {
  if (one.security) return 'security';
  return one.security_known === false ? 'not known' : 'update';
}

function notesOf(one: Patch): string {
  const { security_version: fix } = one;
  return [
    one.held ? 'held' : '',
    one.phased ? 'phased' : '',
    one.kept_back ? 'kept back' : '',
    fix && fix !== one.available_version ? `security fix is ${fix}` : '',
    one.cve_ids.join(' '),
  ]
    .filter(Boolean)
    .join(', ');
}

/** Sentences below the table of updates. */
function remarksOf(data: PatchList): string[] {
  const stays = data.patches.filter((one) => one.reason);
  const hidden = data.hidden_security ?? [];
  const unknown = data.patches.some((one) => one.security_known === false);
  return [
    ...stays.slice(0, NAMED).map((one) => `${one.name} would stay: ${one.reason}.`),
    ...(stays.length > NAMED ? [`${stays.length - NAMED} more would stay.`] : []),
    ...(unknown ? ['KIND is not known for updates whose source has no security archive on this host.'] : []),
    ...(hidden.length > 0
      ? [
          `WARNING: pins or the default release of the host keep ${hidden.length === 1 ? 'a security update' : `${hidden.length} security updates`} away: ` +
            `${enumerate(
              hidden.map((one) => `${one.name} ${one.security_version}`),
              NAMED,
            )}.`,
        ]
      : []),
  ];
}

/** `patches`, for people. */
export function describePatches(data: PatchList, nowMs: number): string {
  const below = [...remarksOf(data), ...describeLists(data.lists, nowMs)].map(printableLine);
  if (data.patches.length === 0) return [`No pending updates are known.`, ...below].join('\n');
  const table = renderTable(
    ['PACKAGE', 'INSTALLED', 'AVAILABLE', 'KIND', 'NOTES'],
    data.patches.map((one) => [
      one.name,
      one.current_version,
      one.available_version,
      kindOf(one),
      notesOf(one),
    ]),
  );
  return [table, `${data.total} pending, ${data.security_updates} for security.`, ...below].join('\n');
}

/** `packages`, for people. */
export function describePackages(data: PackageList, nowMs: number): string {
  const table = renderTable(
    ['PACKAGE', 'VERSION', 'STATUS', 'AVAILABLE', 'NOTES'],
    data.packages.map((one) => [
      one.name,
      one.version,
      one.status,
      one.upgradable ? (one.latest_version ?? '') : '',
      [one.security ? 'security' : '', one.held ? 'held' : ''].filter(Boolean).join(', '),
    ]),
  );
  return [table, ...describeLists(data.lists, nowMs).map(printableLine)].join('\n');
}
