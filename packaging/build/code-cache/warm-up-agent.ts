import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '@linux-patch/runtime/testing';
import { createPrivateAptRoot } from '../../../packages/lab/src/apt/private-root.ts';
import { firstAnswer, type ManagerIdentity } from '../../../packages/lab/src/mtls-health.ts';
import { makeOpensslIdentity } from '../../../packages/lab/src/openssl-identity.ts';
import type { WarmUp } from './make.ts';

const NAME = 'warm-up.build.test';
const ADDRESS = '127.0.0.1';

/** What a start leaves to do beside it is done by then. */
const SETTLE_MS = 2_000;

/** A host with nothing on it but certificates. */
interface WarmUpHost {
  readonly port: number;
  readonly manager: ManagerIdentity;
}

async function makeHost(root: string): Promise<WarmUpHost> {
  const configuration = join(root, 'etc/linux_patch_api');
  mkdirSync(configuration, { recursive: true });
  const repository = { uri: 'file:/nowhere', suites: ['none'], keyringPath: '/nowhere' };
  const apt = await createPrivateAptRoot({ folder: root, repository });
  rmSync(join(apt.folder, 'etc/apt/sources.list.d/lab.sources'));
  const identity = await makeOpensslIdentity({
    folder: join(configuration, 'certs'),
    fqdn: NAME,
    address: ADDRESS,
  });
  const port = await freePort(ADDRESS);
  writeFileSync(join(root, 'etc/hostname'), `${NAME}\n`);
  writeFileSync(join(root, 'etc/machine-id'), `${'0123456789abcdef'.repeat(2)}\n`);
  writeFileSync(join(configuration, 'config.yaml'), `server: { bind: ${ADDRESS}, port: ${port} }\n`);
  writeFileSync(join(configuration, 'whitelist.yaml'), `entries: [${ADDRESS}]\n`);
  const read = (file: string): string => readFileSync(file, 'utf8');
  return {
    port,
    manager: {
      ca: read(identity.ca),
      cert: read(identity.clientCertificate),
      key: read(identity.clientKey),
    },
  };
}

/** Resolves when the agent listens. @throws with its words when it ends before. */
async function listening(agent: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const said: string[] = [];
  for (const stream of [agent.stdout, agent.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      if (line.includes('Listening on')) resolve();
    });
  }
  agent.once('exit', () => reject(new Error(`the agent did not start: ${said.join('\n')}`)));
  await promise;
}

/** A start, an answer over mTLS, and the time after them. */
export const warmUpAgent: WarmUp = async ({ start, root }) => {
  const host = await makeHost(root);
  const agent = start(['--root', root]);
  const ended = once(agent, 'exit');
  await listening(agent);
  const where = { name: NAME, address: ADDRESS, port: host.port };
  await firstAnswer({ what: 'the agent', agent: where, identity: host.manager, patienceMs: 30_000 });
  await wait(SETTLE_MS);
  agent.kill('SIGUSR2');
  await ended;
};
