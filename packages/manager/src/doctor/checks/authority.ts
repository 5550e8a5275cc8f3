import { join } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import { parseCertificate, parseCertificates } from '@linux-patch/pki';
import { folderOf, readCaState } from '../../authority/ca-state.ts';
import { authorityPresence, everythingLost } from '../../authority/initialised.ts';
import { rotationDueMs } from '../../authority/issuing.ts';
import { findCertificates, readPair } from '../../authority/key-files.ts';
import type { ManagerConfig } from '../../config/schema.ts';
import { readJobKeyFile } from '../../job-key/stored-key.ts';
import type { Finding } from '../finding.ts';
import type { ManagerPlace } from './place.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** The CA that issues now, as it lies on the disk; nothing is changed or made. */
export async function checkAuthority(at: ManagerPlace, config: ManagerConfig): Promise<Finding[]> {
  const { files, clock, paths } = at;
  const { caFolder } = paths;
  const presence = await authorityPresence(files, paths);
  if (presence === 'never') return [{ code: 'NOT_INITIALIZED', detail: `There is nothing in ${caFolder}.` }];
  if (presence === 'lost') return [{ code: 'AUTHORITY_BROKEN', detail: everythingLost(caFolder).message }];
  try {
    const { current, next } = await readCaState(files, caFolder);
    const root = parseCertificate(
      (await readPair(files, folderOf(caFolder, current), 'root')).certificatePem,
    );
    const now = clock.now();
    if (now < root.notBeforeMs)
      return [
        { code: 'CLOCK_BEHIND', detail: `It is ${iso(now)}; the CA is from ${iso(root.notBeforeMs)}.` },
      ];
    const lives = next === null ? judgeLife(root.notAfterMs, now, config) : [];
    return [...lives, ...(await checkJobKey(at)), ...(await checkOwn(at))];
  } catch (error) {
    return [{ code: 'AUTHORITY_BROKEN', detail: messageOf(error) }];
  }
}

/** While a rotation is under way the next one is on its way already. */
function judgeLife(notAfterMs: number, now: number, config: ManagerConfig): Finding[] {
  const detail = `The root certificate is valid until ${iso(notAfterMs)}.`;
  if (now > notAfterMs) return [{ code: 'AUTHORITY_ENDED', detail }];
  return now >= rotationDueMs({ notAfterMs }, config.certificates.agent_days)
    ? [{ code: 'ROTATION_DUE', detail }]
    : [];
}

async function checkJobKey({ files, paths }: ManagerPlace): Promise<Finding[]> {
  if (await readJobKeyFile(files, paths.caFolder)) return [];
  return [{ code: 'JOB_KEY_MISSING', detail: `There is no job-key.json in ${paths.caFolder}.` }];
}

async function checkOwn({ files, clock, paths }: ManagerPlace): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of ['web.pem', 'client.pem']) {
    const path = join(paths.caFolder, name);
    const pem = await findCertificates(files, path);
    const leaf = pem === undefined ? undefined : parseCertificates(pem)[0];
    if (leaf && leaf.notAfterMs < clock.now())
      findings.push({
        code: 'OWN_CERTIFICATE_ENDED',
        detail: `${path} was valid until ${iso(leaf.notAfterMs)}.`,
      });
  }
  return findings;
}
