import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobList } from '@linux-patch/contract';
import type { LabHost } from '../../agent-process.ts';
import { askDirectly } from '../../direct-change.ts';
import { signedHeaders } from '../../job-signature.ts';
import { askHealth, managerIdentity } from '../../mtls-health.ts';
import { askUntil } from '../../wait.ts';
import type { AttackCase } from '../attack-case.ts';

const PATH = '/api/v1/system/services/cron.service/restart';
const OTHER_PATH = '/api/v1/system/services/ssh.service/restart';

export const RECORDED_RESTART: AttackCase = {
  name: 'signed-recorded-restart',
  tried:
    "Somebody with the manager's TLS client certificate asks a host to restart services: unsigned, with what the manager signed once, again and again, with that for another service, and on another host.",
  now: 'The recorded request is the one job that it was, also after that has ended; for another service or host it is refused, and so is what is not signed. Where the policy of a host does not name restart-service, even what the manager signs is denied.',
  async run(world) {
    const manager = await world.manager();
    const [host, other] = [await world.servingHost(manager), await world.host(manager)];
    const identity = await managerIdentity(manager.root);
    await allowRestarts(host);
    await askUntil('the manager to hear which key the host pins', async () => {
      const { job_key } = (await manager.json('hosts', 'show', host.name)) as { job_key: { state: string } };
      return job_key.state === 'pinned' ? true : undefined;
    });
    const ask = (path: string, headers: Readonly<Record<string, string>> = {}) =>
      askDirectly(host, identity, { method: 'POST', path, headers });
    const unsigned = await ask(PATH);
    const { body } = (await askHealth(host, identity)) ?? { body: '{}' };
    const { instance_id: instanceId } = (JSON.parse(body) as { data: { instance_id: string } }).data;
    const sign = (name: string, challenge: unknown) =>
      signedHeaders(manager.root, {
        host: name,
        instanceId,
        challenge: String(challenge),
        op: `POST ${PATH}`,
        body: '',
      });
    const recorded = await sign(host.name, unsigned.headers['linux-patch-challenge']);
    const first = await ask(PATH, recorded);
    const elsewhere = await ask(OTHER_PATH, recorded);
    const foreign = await ask(PATH, await sign(other.name, elsewhere.headers['linux-patch-challenge']));
    const jobs = async () => ((await manager.json('jobs', host.name)) as JobList).jobs;
    await askUntil('the job to end', async () =>
      (await jobs()).every((job) => job.completed_at !== null) ? true : undefined,
    );
    const again = await ask(PATH, recorded);
    const renamed = await ask(PATH, { ...recorded, 'Idempotency-Key': 'another' });
    const codes = [unsigned, first, elsewhere, foreign, again, renamed].map(({ statusCode }) => statusCode);
    if (codes.join() !== '403,202,403,403,202,403') throw new Error(`answered ${codes.join()}`);
    if ((await jobs()).length !== 1) throw new Error(`${(await jobs()).length} jobs were begun`);
    await writeFile(policyOf(host), '');
    const denied = await manager.json('restart-service', host.name, 'cron').catch((error: unknown) => error);
    if (!String(denied).includes('the policy of this host forbids it'))
      throw new Error(`the policy does not count: ${String(denied)}`);
    return `${codes.join(', ')}; one job; denied without a word in the policy`;
  },
};

const policyOf = (host: LabHost): string => join(host.root, 'etc/linux_patch_api/policy.yaml');

async function allowRestarts(host: LabHost): Promise<void> {
  await mkdir(join(host.root, 'etc/linux_patch_api'), { recursive: true });
  await writeFile(policyOf(host), 'allowed_operations: [restart-service]\n', { mode: 0o644 });
}
