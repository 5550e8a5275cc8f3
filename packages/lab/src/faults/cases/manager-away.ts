import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { freePort } from '@linux-patch/runtime/testing';
import { readProcess } from '../../bench/proc.ts';
import { askHealth, managerIdentity } from '../../mtls-health.ts';
import { waitingHost } from '../../waiting-host.ts';
import type { FaultCase, FaultChapter } from '../fault-case.ts';
import type { FrontMode } from '../front.ts';
import { backUp, type FaultWorld, restore } from '../world.ts';

const PERSON = 'approves the host, as always';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

function answer(write: Answer): FrontMode {
  return { kind: 'answer', with: write };
}

/** The manager cannot be asked from the start; then it can, and the host is approved. */
async function whileAsking(world: FaultWorld, mode: FrontMode): Promise<void> {
  const front = await world.openFront();
  front.become(mode);
  await world.newHost();
  world.start();
  await world.show();
  await world.mend(async (gone) => {
    front.become({ kind: 'pass' });
    gone();
    await world.approve();
  });
}

const TWO_GIGABYTES = 2 * 1024 ** 3;
const MEMORY_LIMIT_MB = 400;

function sendTwoGigabytes(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': TWO_GIGABYTES });
  const chunk = Buffer.alloc(1024 * 1024, 0x20);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

const ASKING: readonly FaultCase[] = [
  {
    name: 'manager-down',
    fault: 'The manager is down or its port is closed when the agent starts.',
    agentDoes:
      'Asks again with backoff inside the same process; no restart, nothing counts against the start limit.',
    sees: [{ where: 'status', text: 'ECONNREFUSED' }],
    person: PERSON,
    async run(world) {
      const manager = await world.ownManager();
      await manager.kill();
      await world.newHost();
      world.start();
      await world.show();
      await world.mend(async (gone) => {
        await manager.start();
        gone();
        await world.approve();
      });
    },
  },
  {
    name: 'name-unknown',
    fault: 'The name of the manager cannot be resolved, as at a boot before DNS is there.',
    agentDoes: 'Asks again with backoff; nothing is concluded from a name that is not known yet.',
    sees: [{ where: 'status', text: 'names cannot be resolved now' }],
    person: PERSON,
    async run(world) {
      const { port } = new URL(world.manager.url);
      await mkdir(world.folder, { recursive: true });
      const [hosts, resolver] = [join(world.folder, 'hosts'), join(world.folder, 'resolv.conf')];
      await writeFile(hosts, '127.0.0.1 localhost\n');
      await writeFile(resolver, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
      await world.newHost([], `https://manager.lab.test:${port}`);
      // Only this agent sees these two files.
      const script = 'mount --bind "$1" /etc/hosts; mount --bind "$2" /etc/resolv.conf; shift 2; exec "$@"';
      world.start({ through: ['unshare', '-m', 'sh', '-ec', script, 'sh', hosts, resolver] });
      await world.show();
      await world.mend(async (gone) => {
        await appendFile(hosts, '127.0.0.1 manager.lab.test\n');
        gone();
        await world.approve();
      });
    },
  },
  {
    name: 'connection-reset',
    fault: 'Something on the way resets every connection.',
    agentDoes: 'Asks again with backoff.',
    sees: [{ where: 'status', text: 'ECONNRESET' }],
    person: PERSON,
    run: (world) => whileAsking(world, { kind: 'reset' }),
  },
  {
    name: 'manager-silent',
    fault: 'The manager takes connections and never answers.',
    agentDoes: 'Gives up a request after 30 s and asks again with backoff.',
    sees: [{ where: 'status', text: 'within 30 s' }],
    person: PERSON,
    run: (world) => whileAsking(world, { kind: 'silent' }),
  },
  {
    name: 'no-tls',
    fault: 'Another service listens on the port of the manager and does not speak TLS.',
    agentDoes: 'Sends nothing of its request, asks again with backoff.',
    sees: [{ where: 'status', text: 'does not speak TLS' }],
    person: PERSON,
    run: (world) => whileAsking(world, { kind: 'no_tls' }),
  },
  {
    name: 'manager-errors',
    fault: 'The manager answers 500 to everything.',
    agentDoes: 'Asks again with backoff; an error is never taken for a decision.',
    sees: [{ where: 'status', text: 'database is locked' }],
    person: PERSON,
    run: (world) =>
      whileAsking(
        world,
        answer((_request, response) => {
          response.writeHead(500, { 'content-type': 'application/json' });
          response.end('{"error":{"code":"INTERNAL_ERROR","message":"database is locked"}}');
        }),
      ),
  },
  {
    name: 'login-page',
    fault: 'A proxy or captive portal answers with a web page.',
    agentDoes:
      'Recognises that no manager speaks so, sends no more than the request, asks again with backoff.',
    sees: [{ where: 'status', text: 'is a proxy or login page in between?' }],
    person: PERSON,
    run: (world) =>
      whileAsking(
        world,
        answer((_request, response) => {
          response.writeHead(200, { 'content-type': 'text/html' });
          response.end('<html><title>Please log in</title></html>');
        }),
      ),
  },
  {
    name: 'redirect',
    fault: 'The address answers with a redirect.',
    agentDoes: 'Never follows a redirect while enrolling; asks again with backoff.',
    sees: [{ where: 'status', text: 'Redirects are not followed' }],
    person: PERSON,
    run: (world) =>
      whileAsking(
        world,
        answer((_request, response) => {
          response.writeHead(302, { location: 'https://127.0.0.1:1/elsewhere' });
          response.end();
        }),
      ),
  },
  {
    name: 'broken-json',
    fault: 'The answer is cut JSON.',
    agentDoes: 'Quotes nothing of it, because a token may be in it; asks again with backoff.',
    sees: [{ where: 'status', text: 'broken JSON' }],
    person: PERSON,
    run: (world) =>
      whileAsking(
        world,
        answer((_request, response) => {
          response.writeHead(202, { 'content-type': 'application/json' });
          response.end('{"polling_token":"abc');
        }),
      ),
  },
  {
    name: 'endless-answer',
    fault: 'The answer is two gigabytes long.',
    agentDoes: 'Stops reading at the limit, so its memory stays small; asks again with backoff.',
    sees: [{ where: 'status', text: 'no manager does that' }],
    person: PERSON,
    async run(world) {
      await whileAsking(world, answer(sendTwoGigabytes));
      const { rssMb } = await readProcess(world.agent.pid);
      if (rssMb > MEMORY_LIMIT_MB) throw new Error(`the agent holds ${rssMb} MB after an endless answer`);
    },
  },
  {
    name: 'throttled',
    fault: 'The manager, or a proxy, answers 429 with Retry-After.',
    agentDoes:
      'Waits as long as it is told and a random time more, so that hosts behind one address do not return together.',
    sees: [{ where: 'status', text: 'slow down (429)' }],
    person: PERSON,
    run: (world) =>
      whileAsking(
        world,
        answer((_request, response) => {
          response.writeHead(429, { 'retry-after': '1', 'content-type': 'application/json' });
          response.end('{"error":"Too many requests"}');
        }),
      ),
  },
  {
    name: 'host-known-already',
    fault: 'The manager answers 409: it has a host of this name or machine already.',
    agentDoes:
      'Says what has to be done on the manager, and asks again with backoff; it never ends for that.',
    sees: [{ where: 'status', text: 'already' }],
    person: PERSON,
    run: (world) =>
      whileAsking(
        world,
        answer((_request, response) => {
          response.writeHead(409, { 'content-type': 'application/json' });
          response.end('{"error":"Host already exists"}');
        }),
      ),
  },
];

const WAITING: readonly FaultCase[] = [
  {
    name: 'manager-restarts',
    fault: 'The manager is killed and started again while a host waits for approval.',
    agentDoes: 'Goes on with the same request, token and code.',
    sees: [{ where: 'status', text: 'waiting for approval' }],
    person: PERSON,
    async run(world) {
      const manager = await world.ownManager();
      await world.newHost();
      world.start();
      await world.show();
      await manager.kill();
      await world.mend(async (gone) => {
        await manager.start();
        gone();
        await world.approve();
      });
    },
  },
  {
    name: 'answer-cut',
    fault: 'The connection breaks while the approval is on its way.',
    agentDoes: 'Asks again; the manager keeps the certificates until the agent has said that it has them.',
    sees: [{ where: 'log', text: 'the connection was cut' }],
    async run(world) {
      const front = await world.openFront();
      await world.newHost();
      world.start();
      await waitingHost(world.host);
      await front.held();
      front.becomeGently({ kind: 'cut_answer' });
      await world.approve();
      await world.show();
      await world.mend(async () => front.becomeGently({ kind: 'pass' }));
    },
  },
  {
    name: 'manager-restored',
    fault: 'The manager was restored from a backup that has never heard of this request.',
    agentDoes: 'Clears the unknown token and asks to join afresh with the same key and code.',
    sees: [{ where: 'log', text: 'does not know' }],
    person: PERSON,
    async run(world) {
      const manager = await world.ownManager();
      await manager.kill();
      const backup = join(world.folder, 'backup');
      await backUp(manager, backup);
      await manager.start();
      await world.newHost();
      world.start();
      await world.host.hostCode();
      await manager.kill();
      await restore(manager, backup);
      await manager.start();
      await world.show();
      await world.mend((gone) => {
        gone();
        return world.approve();
      });
    },
  },
  {
    name: 'manager-replaced',
    fault: 'Another manager, with a CA of its own, stands where the manager of this host was.',
    agentDoes:
      'Takes nothing from it: keeps its identity, serves on for the manager that it knows, and says what is not trusted.',
    sees: [{ where: 'log', text: 'Who answers is not the manager that this host trusts' }],
    person:
      'runs `linux-patch-api leave --force`, starts the agent again, and approves the host at the new manager',
    async run(world) {
      const port = await freePort();
      const known = await world.ownManager({ port });
      await world.serving();
      const before = await world.ask();
      await known.kill();
      await world.ownManager({ port });
      await restart(world);
      await world.agent.listening;
      await world.show();
      const still = await askHealth(world.host, await managerIdentity(known.root));
      if (!still || still.serial !== before?.serial) throw new Error('the identity was given up');
      world.agent.signal('SIGTERM');
      await world.agent.exited;
      const left = await world.host.run('leave', '--force');
      if ((await world.host.status()).identity.status !== 'missing') throw new Error(left.stderr);
      await world.mend(async (gone) => {
        gone();
        world.start();
        await world.approve();
      });
    },
  },
];

async function restart(world: FaultWorld): Promise<void> {
  world.agent.signal('SIGTERM');
  await world.agent.exited;
  world.start();
}

export const MANAGER_AWAY: FaultChapter = {
  title: 'The manager cannot be asked',
  cases: [...ASKING, ...WAITING],
};
