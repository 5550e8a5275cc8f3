import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ENROLL_PATHS } from '@linux-patch/contract';
import { testAuthority } from '@linux-patch/pki/testing';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { freePort } from '@linux-patch/runtime/testing';
import { takeLock } from '../../../src/host/instance-lock.ts';
import {
  asked,
  askedAtOnce,
  CONFIG,
  NOW,
  oddAt,
  POLL,
  STUCK,
  said,
  type Wait,
  withSilentNames,
} from './wait.ts';

const BUSY = { status: 503, text: '{}' };
const REFUSAL = {
  status: 409,
  text: JSON.stringify({ error: { code: 'ENROLLMENT_CONFLICT', message: 'not now' } }),
};
const DATA = 'var/lib/linux_patch_api';

/** A disk that is full for what lies at such paths. */
function fullFor(part: string): Files {
  return new Proxy(systemFiles, {
    get(target, name: keyof Files) {
      const real = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        const { path } = (args[0] ?? {}) as { path?: string };
        if (name !== 'writeDurably' || !path?.includes(part)) return real.apply(target, args);
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      };
    },
  });
}

/** Something that takes connections and never says a word. */
async function silentPort(stack: AsyncDisposableStack): Promise<number> {
  const sockets = new Set<{ destroy: () => void }>();
  const server = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** Waits before there is an identity, in the order of an enrolment. */
export const JOINING: readonly Wait[] = [
  {
    where: 'for another process that gets this host an identity',
    arrange: async ({ host }) => {
      await takeLock({ files: systemFiles, clock: host.clock }, join(host.root, DATA, 'locks/identity.lock'));
    },
    reached: said('Another process of this host'),
    exitCode: 2,
  },
  {
    where: 'for a disk that takes neither key nor state',
    doors: () => ({ files: fullFor('pending.key.pem') }),
    reached: said('ENOSPC'),
    exitCode: 2,
  },
  {
    where: 'because the host has no machine-id',
    arrange: ({ host }) => rm(join(host.root, 'etc/machine-id')),
    reached: said('has no machine-id'),
    exitCode: 2,
  },
  {
    where: 'for a name server that says nothing',
    enrollment: async () => ['manager_url: https://manager.example.test', 'trust: tofu'],
    doors: withSilentNames('manager.example.test'),
    arrange: async ({ host }) => {
      await host.put(CONFIG, (await host.read(CONFIG)).replace('  report_ip: 127.0.0.1\n', ''));
    },
    reached: askedAtOnce('manager.example.test'),
    exitCode: 2,
  },
  {
    where: 'for a handshake',
    arrange: async ({ host, manager, stack }) => {
      const silent = `https://127.0.0.1:${await silentPort(stack)}`;
      await host.put(CONFIG, (await host.read(CONFIG)).replace(manager.url, silent));
    },
    reached: said('Enrolling'),
    exitCode: 2,
  },
  {
    where: 'between two registrations, because nothing listens',
    enrollment: async () => [`manager_url: https://127.0.0.1:${await freePort()}`, 'trust: tofu'],
    reached: said('ECONNREFUSED'),
    exitCode: 2,
  },
  {
    where: 'between two registrations, because the manager is busy',
    arrange: oddAt({ [ENROLL_PATHS.enroll]: BUSY }),
    reached: said('503'),
    exitCode: 2,
  },
  {
    where: 'for as long as a manager that is asked too often wants',
    arrange: oddAt({
      [ENROLL_PATHS.enroll]: { status: 429, text: '{}', headers: { 'retry-after': '3600' } },
    }),
    reached: said('429'),
    exitCode: 2,
  },
  {
    where: 'between two registrations, because the manager refuses',
    arrange: oddAt({ [ENROLL_PATHS.enroll]: REFUSAL }),
    reached: said('not now'),
    exitCode: 2,
  },
  {
    where: 'between two registrations, because the manager is set wrongly',
    arrange: oddAt({
      [ENROLL_PATHS.enroll]: { status: 302, text: '', headers: { location: 'https://elsewhere.test/' } },
    }),
    reached: said('redirects to'),
    exitCode: 2,
  },
  {
    where: 'because somebody else answers than the manager',
    arrange: async ({ caFile }) => {
      await writeFile(caFile, (await testAuthority({ now: NOW })).root.certificatePem);
    },
    reached: said('is not trusted'),
    exitCode: 2,
  },
  {
    where: 'for the right time, before it has certificates',
    nowMs: Date.UTC(2016, 1, 1),
    reached: said("This host's clock"),
    exitCode: 2,
  },
  {
    where: 'for the answer to its registration',
    arrange: oddAt({ [ENROLL_PATHS.enroll]: STUCK }),
    reached: asked(ENROLL_PATHS.enroll),
    exitCode: 2,
  },
  {
    where: 'for the rest of the answer to its registration',
    arrange: oddAt({
      [ENROLL_PATHS.enroll]: { status: 202, text: '{"polling_token":"x"}', stuck: 'inside' },
    }),
    reached: asked(ENROLL_PATHS.enroll),
    exitCode: 2,
  },
  {
    where: 'in a poll that is held open',
    arrange: oddAt({ [POLL]: STUCK }),
    reached: asked(POLL),
    exitCode: 2,
  },
  {
    where: 'between two polls',
    arrange: oddAt({ [POLL]: { status: 200, text: '{"status":"pending"}' } }),
    reached: async (scene) => {
      await asked(POLL)(scene);
      await said('waiting for approval')(scene);
    },
    exitCode: 2,
  },
  {
    where: 'for a name server, to let the manager in',
    doors: withSilentNames('127.0.0.1'),
    reached: asked('127.0.0.1'),
    exitCode: 0,
  },
  {
    where: 'for a disk that takes no certificates',
    doors: () => ({ files: fullFor('generations') }),
    reached: ({ agent, host }) =>
      agent.until(() => agent.said().includes('ENOSPC') && host.clock.sleeping > 1),
    exitCode: 2,
  },
  {
    where: 'for the answer to its acknowledgement',
    arrange: oddAt({ [ENROLL_PATHS.ack]: STUCK }),
    reached: asked(ENROLL_PATHS.ack),
    exitCode: 0,
  },
];
