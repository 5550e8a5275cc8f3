import { join } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import { isUsable } from '../../identity/identity.ts';
import { META_FILE } from '../../identity/store/identity-meta.ts';
import { resolvePaths } from '../../identity/store/material.ts';
import { currentLink, storeFolder } from '../../identity/store/paths.ts';
import { lostFiles } from '../../identity/store/put-back.ts';
import { findUsableGeneration, makeCurrent } from '../../identity/store/roll-back.ts';
import type { Finding } from '../finding.ts';
import type { DoctorHost, DoctorPlace } from './host.ts';
import { ownerAndMode } from './owner-and-mode.ts';

/** What is used of the place and of what is known of the host. */
type At = Pick<DoctorPlace, 'files' | 'commands' | 'clock' | 'signal' | 'uid'>;
type Known = Pick<DoctorHost, 'place' | 'inspection' | 'agents'>;

/** Makes the newest valid set current; undefined when there is none, or it is current and intact already. */
export async function restoreRepair({
  place,
  inspection,
}: Known): Promise<(() => Promise<void>) | undefined> {
  const { files, paths, clock } = place;
  if (isUsable(inspection.status)) return undefined;
  const kept = await findUsableGeneration({ files, paths, clock, thresholdDays: 0 });
  return kept && (() => makeCurrent(files, paths, kept.name));
}

const PUT_BACK_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 250;
const COMMAND_TIMEOUT_MS = 5_000;

/** The process that serves with certificates that are gone from the disk; it has them in memory. */
function holderOf({ inspection, agents }: Known): number | undefined {
  return inspection.status.status === 'missing' ? agents[0]?.pid : undefined;
}

/** An agent that runs puts its certificates back when it is told to look. */
export function reloadRepair(at: Omit<At, 'uid'>, host: Known): (() => Promise<void>) | undefined {
  const { commands, clock, files, signal } = at;
  const { place } = host;
  const pid = holderOf(host);
  if (pid === undefined) return undefined;
  return async () => {
    await commands.run({
      program: 'kill',
      args: ['-HUP', String(pid)],
      timeoutMs: COMMAND_TIMEOUT_MS,
      signal,
    });
    const endMs = clock.monotonicMs() + PUT_BACK_LIMIT_MS;
    while ((await lostFiles(files, place.paths)).length > 0) {
      if (clock.monotonicMs() >= endMs) throw new Error(`process ${pid} did not put them back; see its log`);
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  };
}

/** What mends missing certificates while an agent runs, in the place of starting one or of enrolling anew. */
export function wordsForRunning(host: Known): Readonly<Record<string, string>> | undefined {
  const pid = holderOf(host);
  return pid === undefined ? undefined : { start: `kill -HUP ${pid}`, renew: `kill -HUP ${pid}` };
}

/** The places of the identity: links, sets, owner and mode of keys. */
export async function checkStore(at: At, host: Known): Promise<Finding[]> {
  return [
    ...(await checkCurrent(at, host)),
    ...(await checkReadable(at, host)),
    ...(await checkKeys(at, host)),
  ];
}

async function checkCurrent({ files }: At, host: Known): Promise<Finding[]> {
  const { place } = host;
  const link = currentLink(place.paths);
  const target = await files.readLink(link).catch(() => undefined);
  if (target === undefined) return [];
  const folder = join(storeFolder(place.paths), target);
  const found = await restoreRepair(host);
  // Without a valid set the broken link goes, so that the agent sees what it is: no certificates.
  const repair = found ?? (() => files.remove(link));
  if ((await files.facts(folder))?.kind !== 'folder') {
    return [
      { code: 'CURRENT_DANGLING', detail: `${link} points to ${target}, which does not exist.`, repair },
    ];
  }
  const names = ['ca.pem', 'server.pem', 'server.key.pem', META_FILE];
  const sizes = await Promise.all(
    names.map(async (name) => (await files.facts(join(folder, name)))?.sizeBytes),
  );
  const lost = names.filter((_, index) => !sizes[index]);
  if (lost.length === 0 || isUsable(host.inspection.status)) return [];
  return [{ code: 'GENERATION_BROKEN', detail: `${folder} lacks ${lost.join(', ')}.`, repair }];
}

async function checkReadable({ files }: At, host: Known): Promise<Finding[]> {
  const { place } = host;
  const findings: Finding[] = [];
  const restore = await restoreRepair(host);
  for (const path of [place.paths.key, place.paths.certificate, place.paths.ca]) {
    try {
      await files.readText(path);
    } catch (error) {
      // Root put it there; the next start gives it to the agent.
      if (path === place.paths.key && (error as NodeJS.ErrnoException).code === 'EACCES') {
        findings.push({ code: 'KEY_FOREIGN_OWNER', detail: messageOf(error), words: { path } });
        continue;
      }
      findings.push({
        code: path === place.paths.key ? 'KEY_UNREADABLE' : 'CERT_UNREADABLE',
        detail: `${path}: ${messageOf(error)}`,
        words: { path },
        ...(restore ? { repair: restore } : {}),
      });
    }
  }
  return findings;
}

async function checkKeys(at: At, { place }: Known): Promise<Finding[]> {
  const { files, paths } = place;
  const { key } = await resolvePaths(files, paths);
  const findings: Finding[] = [];
  for (const path of [key, `${paths.key}.bak`]) {
    const facts = await files.facts(path).catch(() => undefined);
    if (facts?.kind !== 'file') continue;
    const rule = { forbidden: 0o077, open: 'KEY_MODE_OPEN', foreign: 'KEY_FOREIGN_OWNER' } as const;
    findings.push(...ownerAndMode(at, { path, facts }, rule));
  }
  return findings;
}
