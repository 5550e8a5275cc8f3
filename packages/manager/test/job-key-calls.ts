import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type HostJobKey, type JobKeyOffer, type JobKeyStatus, TrustBundle } from '@linux-patch/contract';
import { ownProgram } from '@linux-patch/runtime/testing';
import { dataOf, INSTANCE, knownHost } from './known-host.ts';
import type { World } from './world.ts';

const PROGRAM = ownProgram('linux-patch-manager');

export const keyFileOf = ({ paths }: World): string => join(paths.caFolder, 'job-key.json');

export const jobKeyStatus = async (world: World) => dataOf<JobKeyStatus>(await world.admin('/job-key'));

export const rotateJobKey = async (world: World) =>
  dataOf<JobKeyStatus>(await world.admin('/job-key/rotation', {}));

/** What hosts are told. */
export async function offeredJobKey(world: World): Promise<JobKeyOffer> {
  const { text } = await world.call({ path: '/api/v1/pki/trust' });
  const { job_key } = TrustBundle.parse(JSON.parse(text));
  if (job_key) return job_key;
  throw new Error('the manager offers no job key');
}

/** Records of one kind, with who did it. */
export async function eventsOf({ database }: World, event: string) {
  const rows = await database.db
    .selectFrom('audit')
    .select(['actor', 'fields'])
    .where('event', '=', event)
    .orderBy('seq')
    .execute();
  return rows.map((row) => ({ actor: row.actor, ...(JSON.parse(row.fields) as object) }));
}

/** A host that was asked for its health, and says this of its job key. */
export const hostThatPins = (world: World, jobKey: HostJobKey | undefined) =>
  knownHost(world, { instance_id: INSTANCE, ...(jobKey ? { job_key: jobKey } : {}) });

/** The command line on the manager's machine. */
export function runCommand({ paths }: World, args: readonly string[]) {
  const root = paths.dataFolder.replace(/var\/lib\/linux_patch_manager$/, '');
  return new Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>(
    (resolve) => {
      execFile(PROGRAM, ['--root', root, ...args], (error, stdout, stderr) => {
        resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    },
  );
}
