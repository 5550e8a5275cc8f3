import { join } from 'node:path';
import { askHost } from '../hosts/ask-host.ts';
import type { LabHost } from '../hosts/host.ts';
import type { Flavour } from '../hosts/images.ts';
import { signedHeaders } from '../job-signature.ts';
import type { ManagerProcess } from '../manager-process.ts';
import { must, runProgram } from '../process.ts';
import { agentPid } from './openrc.ts';
import { listeners, unitState, untilStatus } from './unit.ts';
import type { World } from './world.ts';

interface Accepted {
  readonly job_id: string;
}

export interface Job {
  readonly status: string;
  readonly error_code: string | null;
  readonly results: readonly { readonly name: string; readonly version_after: string | null }[];
}

/** What an agent answers: a number for the next signature, and the envelope. */
interface Said {
  readonly challenge: string | undefined;
  readonly data: unknown;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Asks the agent as its manager does, with the manager's certificate. */
export async function callAgent(
  world: World,
  manager: ManagerProcess,
  host: LabHost,
  args: readonly string[],
): Promise<Said> {
  const folder = join(manager.root, 'var/lib/linux_patch_manager/ca');
  const [path = '', ...options] = args;
  const result = must(
    await runProgram('ip', [
      'netns',
      'exec',
      world.network.hub,
      'curl',
      '-sSi',
      '--max-time',
      '10',
      '--cacert',
      join(folder, 'root.pem'),
      '--cert',
      join(folder, 'client.pem'),
      '--key',
      join(folder, 'client.key.pem'),
      '-H',
      'Content-Type: application/json',
      ...options,
      `https://${host.address}:12443/api/v1${path}`,
    ]),
    `curl ${path}`,
  );
  const [head = '', body = ''] = result.stdout.split('\r\n\r\n', 2);
  const challenge = /^linux-patch-challenge: ([\w-]{22})$/im.exec(head.replaceAll('\r', ''))?.[1];
  return { ...(JSON.parse(body) as Omit<Said, 'challenge'>), challenge };
}

/** Asks the agent to install a package, signed where it wants that; resolves to the job's id. */
export async function installJob(
  world: World,
  manager: ManagerProcess,
  host: LabHost,
  name: string,
): Promise<string> {
  const body = JSON.stringify({ packages: [{ name }] });
  const ask = (...headers: string[]) =>
    callAgent(world, manager, host, ['/packages', '-X', 'POST', '-d', body, ...headers]);
  const { challenge, data } = await ask();
  if (challenge === undefined) return (data as Accepted).job_id;
  const health = (await callAgent(world, manager, host, ['/health'])).data as { instance_id: string };
  const change = {
    host: host.address,
    instanceId: health.instance_id,
    challenge,
    op: 'POST /api/v1/packages',
    body,
  };
  const headers = Object.entries(await signedHeaders(manager.root, change));
  const signed = await ask(...headers.flatMap(([header, value]) => ['-H', `${header}: ${value}`]));
  return (signed.data as Accepted).job_id;
}

export function untilJobEnds(world: World, manager: ManagerProcess, host: LabHost, id: string): Promise<Job> {
  return askHost(`job ${id} to end`, async () => {
    const said = await callAgent(world, manager, host, [`/jobs/${id}`]).catch(() => undefined);
    const job = said?.data as Job | undefined;
    return job && !['queued', 'running'].includes(job.status) ? job : undefined;
  });
}

/** `toyslow` waits in its postinst until it is told to go on. */
export async function untilUnpacked(host: LabHost): Promise<void> {
  await askHost('toyslow to be unpacked', async () =>
    (await host.run('test', ['-e', '/usr/share/toyslow/version'])).exitCode === 0 ? true : undefined,
  );
}

/** Waits until the agent serves, whatever init system the host has. */
export async function untilServing(host: LabHost, flavour: Flavour): Promise<void> {
  if (flavour !== 'openrc') await untilStatus(host, /^Serving on/);
  else
    await askHost('the agent to listen', async () =>
      (await listeners(host)).includes(':12443') ? true : undefined,
    );
}

/** Process id of the agent's service. */
export async function daemonPid(host: LabHost, flavour: Flavour): Promise<number | undefined> {
  return flavour === 'openrc' ? agentPid(host) : (await unitState(host)).mainPid;
}
