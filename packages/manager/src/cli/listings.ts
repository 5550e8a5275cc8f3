import type { PackageList, PackageLists, Patch, PatchList } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { enumerate } from './counted-names.ts';
import { pastTime, renderTable } from './table.ts';

/** More names than this are counted instead. */
const NAMED = 20;

/** When the lists were checked, what they are made of, and what is wrong with them; one sentence a line. */
export function describeLists(lists: PackageLists | undefined, nowMs: number): string[] {
  if (!lists)
    return ['How old the package lists of the host are, its agent does not say; agents from 1.2 on do.'];
  const present = lists.sources.filter((one) => one.present);
  const absent = lists.sources.filter((one) => !one.present);
  const sources = present.map((one) => {
    const name = [one.label, one.suite ?? one.codename].filter(Boolean).join(':') || one.uri;
    return one.published_at === null ? name : `${name} (signed ${pastTime(one.published_at, nowMs)})`;
  });
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
