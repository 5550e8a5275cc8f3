import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { must, runProgram } from '../../process.ts';
import { waitingHost } from '../../waiting-host.ts';
import type { FaultCase, FaultChapter } from '../fault-case.ts';

async function mount(...args: string[]): Promise<void> {
  must(await runProgram('mount', args), `mount ${args.join(' ')}`);
}

async function unmount(folder: string): Promise<void> {
  must(await runProgram('umount', ['-l', folder]), `umount ${folder}`);
}

const DISK: readonly FaultCase[] = [
  {
    name: 'disk-full',
    fault: 'The disk is full when the certificates arrive.',
    agentDoes:
      'Installs nothing half, says so, tries again with backoff until there is room; nobody approves twice.',
    sees: [{ where: 'status', text: 'ENOSPC' }],
    async run(world) {
      const host = await world.newHost();
      const certs = join(host.root, 'etc/linux_patch_api/certs');
      await runProgram('mkdir', ['-p', certs]);
      await mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', certs);
      try {
        world.start();
        await waitingHost(host);
        await writeFile(join(certs, 'filler'), Buffer.alloc(60 * 1024)).catch(() => {});
        await writeFile(join(certs, 'filler2'), Buffer.alloc(8 * 1024)).catch(() => {});
        await world.approve();
        await world.show();
        await world.mend(async () => {
          for (const name of ['filler', 'filler2']) await rm(join(certs, name), { force: true });
        });
      } finally {
        await unmount(certs);
      }
    },
  },
  {
    name: 'folder-read-only',
    fault: 'The folder of the certificates is read-only when they arrive.',
    agentDoes: 'Installs nothing, says so, tries again with backoff until it can write.',
    sees: [{ where: 'status', text: 'EROFS' }],
    async run(world) {
      const host = await world.newHost();
      const certs = join(host.root, 'etc/linux_patch_api/certs');
      await runProgram('mkdir', ['-p', certs]);
      await mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', certs);
      try {
        world.start();
        await waitingHost(host);
        await mount('-o', 'remount,ro', certs);
        await world.approve();
        await world.show();
        await world.mend(() => mount('-o', 'remount,rw', certs));
      } finally {
        await unmount(certs);
      }
    },
  },
];

const SETTINGS: readonly FaultCase[] = [
  {
    name: 'config-faulty',
    fault: 'The configuration has faults at start.',
    agentDoes: 'Names all of them with line and column, and ends with 1.',
    sees: [
      { where: 'exit code', text: '1' },
      { where: 'log', text: 'config.yaml:2:3 server.prot' },
    ],
    person: 'mends the file and starts the service',
    async run(world) {
      await world.serving();
      world.agent.signal('SIGTERM');
      await world.agent.exited;
      const good = await readFile(world.host.configFile, 'utf8');
      await world.host.configure('server:\n  prot: 12443\n');
      world.start();
      await world.show();
      await world.host.configure(good);
      await world.mend(async () => void world.start());
    },
  },
  {
    name: 'config-faulty-while-serving',
    fault: 'The configuration is spoiled while the agent serves.',
    agentDoes: 'Goes on serving with what it has, and says what is wrong; health is degraded.',
    sees: [{ where: 'log', text: 'the changed configuration is not taken; the one in force stays' }],
    async run(world) {
      await world.serving();
      const good = await readFile(world.host.configFile, 'utf8');
      await world.host.configure('server:\n  prot: 12443\n');
      await world.show();
      const during = await world.ask();
      if (!during?.body.includes('config.yaml has faults')) throw new Error(`health says ${during?.body}`);
      await world.mend(
        () => world.host.configure(good),
        (answer) => !answer.body.includes('config.yaml has faults'),
      );
    },
  },
  {
    name: 'allow-list-broken',
    fault: 'The allow list cannot be read at start.',
    agentDoes: 'Lets nobody in, loudly, until the file is mended; no restart is needed then.',
    sees: [{ where: 'log', text: 'whitelist.yaml' }],
    person: 'mends the file',
    async run(world) {
      await world.serving();
      world.agent.signal('SIGTERM');
      await world.agent.exited;
      const file = join(world.host.root, 'etc/linux_patch_api/whitelist.yaml');
      await writeFile(file, 'entries: [1.2.3\n');
      await world.start().listening;
      await world.show();
      if (await world.ask()) throw new Error('somebody was let in although the allow list is broken');
      await world.mend(() => writeFile(file, 'entries: []\n'));
    },
  },
  {
    name: 'port-taken',
    fault: 'Another process holds the port.',
    agentDoes:
      'Names the process and its pid. Under a service manager it waits a minute for the port, else it ends with 1; systemd tries again.',
    sees: [
      { where: 'exit code', text: '1' },
      { where: 'log', text: 'the port is in use by' },
    ],
    async run(world) {
      await world.serving();
      world.agent.signal('SIGTERM');
      await world.agent.exited;
      // The manager looks for its host there, too, and gets no answer.
      const holder = createServer((socket) => socket.destroy()).listen(world.host.port, world.host.address);
      await once(holder, 'listening');
      world.start();
      await world.show();
      const log = await readFile(world.agent.logFile, 'utf8');
      if (!log.includes(`(pid ${process.pid})`))
        throw new Error('the process that holds the port is not named');
      holder.close();
      await once(holder, 'close');
      await world.mend(async () => void world.start());
    },
  },
  {
    name: 'no-machine-id',
    fault: 'The host has no machine-id, as in an image that was never booted.',
    agentDoes: 'Asks nobody, says how to make one, and looks again with backoff.',
    sees: [{ where: 'status', text: 'systemd-machine-id-setup' }],
    person: 'makes the machine-id and approves the host',
    async run(world) {
      const host = await world.newHost();
      const file = join(host.root, 'etc/machine-id');
      await writeFile(file, 'uninitialized\n');
      world.start();
      await world.show();
      await world.mend(async (gone) => {
        await writeFile(file, `${'d'.repeat(32)}\n`);
        gone();
        await world.approve();
      });
    },
  },
];

export const ON_THE_HOST: FaultChapter = {
  title: 'Something on the host is wrong',
  cases: [...DISK, ...SETTINGS],
};
