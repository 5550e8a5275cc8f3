import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemFiles } from '@linux-patch/runtime/node';
import { readPinnedKey } from '@linux-patch/worker';
import { readLearnedAddresses } from '../../../agent/src/access/learned-addresses.ts';
import { agentPaths } from '../../../agent/src/config/paths.ts';
import { inspectIdentity } from '../../../agent/src/identity/inspect.ts';
import { pathsIn } from '../../../agent/src/identity/store/paths.ts';
import { type CrashHost, learnedFile, startAgent, UNTOUCHED } from './host.ts';
import { temporaryFiles } from './situations.ts';

/** Judges the certificates of a host by every check. */
export async function statusOf({ root }: CrashHost): Promise<string> {
  const paths = pathsIn(join(root, 'etc/certs'));
  const place = { files: systemFiles, paths, clock: systemClock, thresholdDays: 7 };
  return (await inspectIdentity(place, { handshake: true })).status.status;
}

/** Fingerprint of the job key that a host pins. */
async function pinnedBy({ root }: CrashHost): Promise<string | null> {
  return (await readPinnedKey(systemFiles, agentPaths(root).jobKey)).pinned;
}

/** What is wrong with a host whose enrolment was cut off, and that was started once more. */
export async function faultsOf(host: CrashHost): Promise<string[]> {
  const faults: string[] = [];
  const after = await statusOf(host);
  if (!['missing', 'valid'].includes(after)) faults.push(`found ${after} after the crash`);
  if (after === 'missing' && (await pinnedBy(host)) !== null)
    faults.push('a job key came before certificates');
  const { kind } = await startAgent(host);
  if (kind !== 'installed') faults.push(`the next start ended ${kind}`);
  const status = await statusOf(host);
  if (status !== 'valid') faults.push(`is ${status} after the next start`);
  if ((await pinnedBy(host)) !== (host.jobKey ?? null))
    faults.push('the job key of the manager is not pinned');
  const left = [
    ...(await temporaryFiles(host.root)),
    ...(await readdir(join(host.root, 'data'))).filter((name) => name !== 'state'),
    ...(await readdir(join(host.root, 'etc/certs'))).filter((name) => name.startsWith('pending')),
  ];
  if (left.length > 0) faults.push(`left ${left.join(', ')}`);
  const config = await readFile(join(host.root, 'etc/config.yaml'), 'utf8');
  if (config !== UNTOUCHED) faults.push('config.yaml is not as it was');
  const learned = await readLearnedAddresses(systemFiles, learnedFile(host));
  if (learned.join() !== '127.0.0.1') faults.push('the manager is not allowed once');
  return faults;
}
