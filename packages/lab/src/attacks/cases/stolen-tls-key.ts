import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateJobKey, jobPublicKey, signJob } from '@linux-patch/pki';
import { askDirectly, type DirectAnswer } from '../../direct-change.ts';
import { askHealth, managerIdentity } from '../../mtls-health.ts';
import { askUntil } from '../../wait.ts';
import { waitingHost } from '../../waiting-host.ts';
import type { AttackCase } from '../attack-case.ts';

/** Every change that an agent's API knows. */
const CHANGES = [
  { method: 'POST', path: '/api/v1/patches/apply', body: '{"all":true,"allow_reboot":true}' },
  { method: 'POST', path: '/api/v1/packages', body: '{"packages":[{"name":"toyhello"}]}' },
  { method: 'PUT', path: '/api/v1/packages/toyhello', body: '{}' },
  { method: 'DELETE', path: '/api/v1/packages/toyhello?purge=true&force=true' },
  { method: 'POST', path: '/api/v1/packages/hold', body: '{"packages":["toyhello"]}' },
  { method: 'POST', path: '/api/v1/packages/unhold', body: '{"packages":["toyhello"]}' },
  { method: 'POST', path: '/api/v1/system/services/cron.service/restart' },
] as const;

export const STOLEN_TLS_KEY: AttackCase = {
  name: 'signed-stolen-tls-key',
  tried:
    "Somebody has the manager's TLS client certificate with its key, but not its job key, and asks a host for every change there is: unsigned, signed with a key of its own, and so under the name of the manager's key.",
  now: 'The host pins the job key of its manager, so nothing is begun and no job is left behind; the manager itself patches as before. Reading (packages, updates, health) is what the thief can do until the certificate is revoked.',
  async run(world) {
    const manager = await world.manager();
    const host = await world.host(manager);
    // What counts here is who may, not how often.
    await host.configure(`${await readFile(host.configFile, 'utf8')}rate_limit: { enabled: false }\n`);
    const agent = world.use(host.start());
    const { request_id, host_code } = await waitingHost(host);
    await manager.json('enrollments', 'approve', request_id, '--code', host_code);
    await agent.listening;
    const stolen = await managerIdentity(manager.root);
    await askUntil('the manager to hear which key the host pins', async () => {
      const { job_key } = (await manager.json('hosts', 'show', host.name)) as { job_key: { state: string } };
      return job_key.state === 'pinned' ? job_key : undefined;
    });
    const { body } = (await askHealth(host, stolen)) ?? { body: '{}' };
    const { instance_id: instance } = (JSON.parse(body) as { data: { instance_id: string } }).data;
    const ownKey = await generateJobKey();
    const refused: DirectAnswer[] = [];
    for (const change of CHANGES) {
      const unsigned = await askDirectly(host, stolen, change);
      const challenge = String(unsigned.headers['linux-patch-challenge']);
      const idem = 'stolen-1';
      const op = `${change.method} ${change.path}`;
      const text = 'body' in change ? change.body : '';
      for (const key of [jobPublicKey(ownKey), await pinnedKey(manager.root)]) {
        const job = { v: 1, key, host: host.name, instance, op, idem, challenge } as const;
        const signed = signJob(ownKey, job, Buffer.from(text));
        const headers = {
          'idempotency-key': idem,
          'linux-patch-job': signed.job,
          'linux-patch-job-signature': signed.signature,
        };
        refused.push(await askDirectly(host, stolen, { ...change, headers }));
      }
      refused.push(unsigned);
    }
    const wrong = refused.filter((one) => one.statusCode !== 403);
    if (wrong.length > 0) throw new Error(`answered ${JSON.stringify(wrong)}`);
    const { jobs } = (await manager.json('jobs', host.name)) as { jobs: unknown[] };
    if (jobs.length > 0) throw new Error(`${jobs.length} jobs were begun`);
    await manager.json('patch', host.name, '--all');
    const after = (await manager.json('jobs', host.name)) as { jobs: unknown[] };
    if (after.jobs.length !== 1) throw new Error('the manager itself cannot patch');
    return `${refused.length} requests refused with 403; the manager's own is done`;
  },
};

/** The public key of the manager, which is no secret. */
async function pinnedKey(managerRoot: string): Promise<string> {
  const path = join(managerRoot, 'var/lib/linux_patch_manager/ca/job-key.json');
  const { private_key } = JSON.parse(await readFile(path, 'utf8')) as { private_key: string };
  return jobPublicKey(private_key);
}
