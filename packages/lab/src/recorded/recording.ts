import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Package, PackageList, PackageLists, Patch, PatchList } from '@linux-patch/contract';

/** A package of a real host, with the update that waited for it. */
export interface RecordedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  readonly bytes: number;
  readonly update:
    | { readonly version: string; readonly security: boolean; readonly origin: string }
    | undefined;
  readonly description: string;
}

/** What the agent of a Debian 12 host said. */
export async function readRecording(): Promise<RecordedPackage[]> {
  const text = await readFile(join(import.meta.dirname, 'debian12.tsv'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [
        name,
        version,
        architecture,
        sourceName,
        sourceVersion,
        bytes,
        update,
        security,
        origin,
        description,
      ] = line.split('\t') as [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      return {
        name,
        version,
        architecture,
        sourceName,
        sourceVersion,
        bytes: Number(bytes),
        update: update === '' ? undefined : { version: update, security: security !== '', origin },
        description,
      };
    });
}

/** The same in every run: from 0 to below 1 for a pair. */
function mixed(one: number, other: number): number {
  const mix = Math.imul(one + 1, 2_654_435_761) ^ Math.imul(other + 1, 1_597_334_677);
  return (Math.imul(mix ^ (mix >>> 15), 2_246_822_519) >>> 8) / 2 ** 24;
}

/** Which part of the updates is done already: half of all hosts are current, a few are far behind. */
const DONE = [1, 1, 1, 1, 0.9, 0.9, 0.6, 0.2] as const;

/** The listings of a host that is the recorded one after some of its updates; hosts differ by their number. */
export function listingsOf(
  recording: readonly RecordedPackage[],
  host: number,
  nowMs: number,
): { readonly packages: PackageList; readonly patches: PatchList } {
  const isDone = (index: number): boolean => mixed(host, index) < (DONE[host % DONE.length] ?? 1);
  const patches = recording.flatMap(({ update, ...one }, index): Patch[] =>
    update && !isDone(index)
      ? [
          {
            name: one.name,
            current_version: one.version,
            available_version: update.version,
            source_name: one.sourceName,
            source_version: one.sourceVersion,
            severity: 'unknown',
            description: one.description,
            cve_ids: [],
            advisories: [],
            security: update.security,
            security_known: true,
            security_version: update.security ? update.version : null,
            origin: update.origin,
            held: false,
            phased: false,
            requires_reboot: false,
          },
        ]
      : [],
  );
  const waiting = new Map(patches.map((patch) => [patch.name, patch]));
  const packages = recording.map(({ update, ...one }): Package => {
    const patch = waiting.get(one.name);
    const version = patch ? one.version : (update?.version ?? one.version);
    return {
      name: one.name,
      version,
      architecture: one.architecture,
      status: patch ? 'upgradable' : 'installed',
      upgradable: patch !== undefined,
      latest_version: patch?.available_version ?? version,
      description: one.description,
      size_bytes: one.bytes,
      held: false,
      origin: patch?.origin ?? null,
      source_name: one.sourceName,
      source_version: one.sourceVersion,
      security: patch?.security ?? false,
      security_known: true,
      cve_ids: [],
    };
  });
  const lists = listsOf(recording, nowMs);
  return {
    packages: { packages, total: packages.length, limit: null, offset: 0, lists },
    patches: {
      patches,
      total: patches.length,
      security_updates: patches.filter(({ security }) => security).length,
      requires_reboot: false,
      listed_at: new Date(nowMs).toISOString(),
      lists,
    },
  };
}

/** The sources that its updates come from, asked just now. */
function listsOf(recording: readonly RecordedPackage[], nowMs: number): PackageLists {
  const now = new Date(nowMs).toISOString();
  const origins = new Set(recording.flatMap(({ update }) => (update ? [update.origin] : [])));
  return {
    status: 'fresh',
    message: 'ok',
    refreshed_at: now,
    sources: [...origins].map((origin) => {
      const [label = origin, suite = null] = origin.split(':');
      const security = label.endsWith('Security');
      return {
        uri: `http://deb.debian.org/debian${security ? '-security' : ''}`,
        label,
        suite,
        codename: 'bookworm',
        security,
        present: true,
        fetched_at: now,
        published_at: now,
        valid_until: null,
      };
    }),
  };
}
