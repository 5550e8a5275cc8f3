import { join } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import { META_FILE } from '../certificates/identity-meta.ts';
import { resolvePaths } from '../certificates/material.ts';
import { currentLink, storeFolder } from '../certificates/paths.ts';
import { findValidGeneration, restoreGeneration } from '../certificates/restore.ts';
import type { Finding } from './finding.ts';
import { type DoctorHost, isUsable } from './host.ts';

/** Makes the newest valid set current; undefined when there is none, or it is current and intact already. */
export async function restoreRepair(host: DoctorHost): Promise<(() => Promise<void>) | undefined> {
  const { files, certificates: paths, clock, identity } = host;
  if (isUsable(identity)) return undefined;
  const name = await findValidGeneration({ files, paths, now: clock.now() });
  return name === undefined ? undefined : () => restoreGeneration({ files, paths, name });
}

/** The places of the identity: links, sets, owner and mode of keys. */
export async function checkStore(host: DoctorHost): Promise<Finding[]> {
  return [...(await checkCurrent(host)), ...(await checkReadable(host)), ...(await checkKeys(host))];
}

async function checkCurrent(host: DoctorHost): Promise<Finding[]> {
  const { files, certificates } = host;
  const link = currentLink(certificates);
  const target = await files.readLink(link).catch(() => undefined);
  if (target === undefined) return [];
  const folder = join(storeFolder(certificates), target);
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
  if (lost.length === 0 || isUsable(host.identity)) return [];
  return [{ code: 'GENERATION_BROKEN', detail: `${folder} lacks ${lost.join(', ')}.`, repair }];
}

async function checkReadable(host: DoctorHost): Promise<Finding[]> {
  const { files, certificates } = host;
  const findings: Finding[] = [];
  const restore = await restoreRepair(host);
  for (const path of [certificates.key, certificates.certificate, certificates.ca]) {
    try {
      await files.readText(path);
    } catch (error) {
      findings.push({
        code: path === certificates.key ? 'KEY_UNREADABLE' : 'CERT_UNREADABLE',
        detail: `${path}: ${messageOf(error)}`,
        words: { path },
        ...(restore ? { repair: restore } : {}),
      });
    }
  }
  return findings;
}

async function checkKeys({ files, certificates, uid }: DoctorHost): Promise<Finding[]> {
  const { key } = await resolvePaths(files, certificates);
  const findings: Finding[] = [];
  for (const path of [key, `${certificates.key}.bak`]) {
    const facts = await files.facts(path).catch(() => undefined);
    if (facts?.kind !== 'file') continue;
    if ((facts.mode & 0o077) !== 0) {
      findings.push({
        code: 'KEY_MODE_OPEN',
        detail: `${path} has mode 0${facts.mode.toString(8)}.`,
        words: { path },
        repair: () => files.setMode(path, 0o600),
      });
    }
    if (facts.uid !== 0 && facts.uid !== uid) {
      findings.push({
        code: 'KEY_FOREIGN_OWNER',
        detail: `${path} belongs to user ${facts.uid}.`,
        words: { path },
        repair: () => files.setOwner(path, { uid, gid: facts.gid }),
      });
    }
  }
  return findings;
}
