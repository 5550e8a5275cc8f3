import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { CommandResult, Commands } from '@linux-patch/runtime';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { freePort, ownProgram } from '@linux-patch/runtime/testing';
import { vi } from 'vitest';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';
import { findAgents } from '../../src/doctor/checks/processes.ts';
import type { BrokenState } from './case.ts';
import type { SickHost } from './sick-host.ts';

const AGENT_PROGRAM = ownProgram('linux-patch-api');
const NOBODY = 65_534;

/** A program that answers with recorded output; every other program is the real one. */
function answering(real: Commands, program: string, stdout: string, exitCode = 0): Commands {
  const result: CommandResult = {
    exitCode,
    signal: null,
    stdout,
    stderr: '',
    timedOut: false,
    aborted: false,
    durationMs: 1,
  };
  return { run: (command) => (command.program === program ? Promise.resolve(result) : real.run(command)) };
}

/** A program that is ended, by its pid, when the host goes. */
function startProgram(host: SickHost, program: string, args: readonly string[]): void {
  const child = spawn(program, [...args], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  host.stack.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
}

const mounted = (host: SickHost, options: string, more = ''): string =>
  `mount -t tmpfs -o ${options} tmpfs ${host.paths.dataFolder} && chmod 700 ${host.paths.dataFolder}${more}`;

const files: readonly BrokenState[] = [
  {
    code: 'DISK_FULL',
    arrange: () => {},
    namespace: {
      flags: ['-m'],
      before: (host) =>
        mounted(host, 'size=64k', ` && ! dd if=/dev/zero of=${host.paths.dataFolder}/full bs=4k 2>/dev/null`),
    },
  },
  {
    code: 'INODES_USED_UP',
    arrange: () => {},
    namespace: { flags: ['-m'], before: (host) => mounted(host, 'size=8m,nr_inodes=1') },
  },
  {
    code: 'FOLDER_READ_ONLY',
    arrange: () => {},
    namespace: {
      flags: ['-m'],
      before: (host) => mounted(host, 'size=8m', ` && mount -o remount,ro ${host.paths.dataFolder}`),
    },
  },
  {
    code: 'DATA_FOLDER_BROKEN',
    arrange: async (host) => {
      await rm(host.paths.dataFolder, { recursive: true });
      await writeFile(host.paths.dataFolder, 'not a folder');
    },
  },
  {
    code: 'DATA_FOLDER_MISSING',
    fixed: true,
    arrange: (host) => rm(host.paths.dataFolder, { recursive: true }),
  },
  {
    code: 'JOBS_FOLDER_BROKEN',
    fixed: true,
    arrange: (host) => writeFile(host.paths.jobsFolder, 'not a folder'),
  },
  { code: 'AUDIT_LOG_NOT_WRITABLE', fixed: true, arrange: (host) => mkdir(host.paths.auditLog) },
  {
    code: 'FOLDER_WRITABLE_BY_OTHERS',
    fixed: true,
    arrange: (host) => chmod(join(host.root, 'etc/linux_patch_api'), 0o777),
  },
  {
    code: 'FOLDER_FOREIGN_OWNER',
    says: /65534/,
    fixed: true,
    arrange: (host) => chown(host.paths.certificatesFolder, NOBODY, 0),
  },
  {
    code: 'JOB_UNREADABLE',
    fixed: true,
    arrange: async (host) => {
      await mkdir(host.paths.jobsFolder, { mode: 0o700 });
      await writeFile(join(host.paths.jobsFolder, 'a.json'), '{"format": 1, "job"');
    },
  },
  {
    code: 'STALE_TEMPORARIES',
    fixed: true,
    arrange: async (host) => {
      const path = join(host.root, 'etc/linux_patch_api/.config.yaml.4711-3.tmp');
      await writeFile(path, 'enrollment:\n  polling_token: half');
      await host.age(path);
    },
  },
];

const noMore = (limit: string): NonNullable<BrokenState['namespace']> => ({
  // A user namespace has limits of its own.
  flags: ['-U', '-r'],
  before: () => `echo 0 > /proc/sys/user/${limit}`,
});

const hosts: readonly BrokenState[] = [
  {
    code: 'INOTIFY_USED_UP',
    variant: 'instances',
    says: /fs\.inotify\.max_user_instances is \d+/,
    namespace: noMore('max_inotify_instances'),
    arrange: () => {},
  },
  {
    code: 'INOTIFY_USED_UP',
    variant: 'watches',
    says: /fs\.inotify\.max_user_watches is \d+/,
    namespace: noMore('max_inotify_watches'),
    arrange: () => {},
  },
  { code: 'MACHINE_ID_MISSING', arrange: (host) => rm(join(host.root, 'etc/machine-id')) },
  {
    code: 'MACHINE_ID_UNINITIALIZED',
    arrange: (host) => writeFile(join(host.root, 'etc/machine-id'), 'uninitialized\n'),
  },
  {
    code: 'HOST_NAME_UNUSABLE',
    says: /"localhost", which every host calls itself/,
    arrange: (host) => writeFile(join(host.root, 'etc/hostname'), 'localhost\n'),
    namespace: { flags: ['-u'], before: () => 'echo localhost > /proc/sys/kernel/hostname' },
  },
  {
    code: 'HOST_ADDRESS_MISSING',
    says: /nosuch0/,
    arrange: (host) => host.configure([`manager_url: ${host.manager.url}`, 'report_interface: nosuch0']),
  },
  {
    code: 'CLOCK_BEHIND',
    says: /2 h 0 min of difference/,
    arrange: (host) => host.clock.setWallClock(host.clock.now() - 7_200_000),
  },
  { code: 'CLOCK_AHEAD', arrange: (host) => host.clock.setWallClock(host.clock.now() + 3 * 3_600_000) },
  {
    code: 'CLOCK_DOUBTFUL',
    says: /after the last file/,
    args: ['--offline'],
    arrange: (host) => host.clock.setWallClock(host.clock.now() + 90 * 86_400_000),
  },
  {
    code: 'CLOCK_BEFORE_RECORDS',
    args: ['--offline'],
    arrange: async (host) => {
      await host.audit('serving', { address: '127.0.0.1:1' });
      host.clock.setWallClock(host.clock.now() - 86_400_000);
    },
  },
];

const ports: readonly BrokenState[] = [
  {
    code: 'PORT_TAKEN',
    says: new RegExp(`process ${process.pid}`),
    arrange: async (host) => {
      const server = createServer().listen(host.port, '127.0.0.1');
      await once(server, 'listening');
      host.stack.defer(async () => {
        server.close();
        await once(server, 'close');
      });
    },
  },
  {
    code: 'BIND_ADDRESS_MISSING',
    says: /192\.0\.2\.5/,
    arrange: async (host) => {
      const text = await readFile(host.paths.configFile, 'utf8');
      await writeFile(host.paths.configFile, text.replace('bind: 127.0.0.1', 'bind: 192.0.2.5'));
    },
  },
  {
    code: 'BIND_MISSES_ADDRESS',
    variant: 'IPv4 only on a host that reported IPv6',
    says: /0\.0\.0\.0.*2001:db8::7/,
    arrange: async (host) => {
      await host.install({ meta: { reported_address: '2001:db8::7' } });
      const text = await readFile(host.paths.configFile, 'utf8');
      await writeFile(host.paths.configFile, text.replace('bind: 127.0.0.1', 'bind: 0.0.0.0'));
    },
  },
  {
    code: 'BIND_MISSES_ADDRESS',
    variant: 'loopback only on a host that its manager calls from elsewhere',
    arrange: (host) => host.install({ meta: { reported_address: '192.0.2.7' } }),
  },
  {
    code: 'SECOND_AGENT',
    says: /process \d+ and \d+/,
    arrange: async (host) => {
      // Two agents that wait for a manager that is down hold no port.
      await rm(host.paths.certificatesFolder, { recursive: true });
      await host.configure([`manager_url: https://127.0.0.1:${await freePort()}`, 'report_ip: 127.0.0.1']);
      for (const program of [AGENT_PROGRAM, AGENT_PROGRAM])
        startProgram(host, program, ['--root', host.root]);
      await vi.waitFor(async () => {
        const agents = (await findAgents(systemFiles)).filter((agent) => agent.root === host.root);
        if (agents.length < 2) throw new Error('they have not begun yet');
      }, 10_000);
    },
  },
];

/** A unit as `systemctl show` shows it. */
export const unit =
  (active: string, result: string, file = 'enabled', load = 'loaded') =>
  async (host: SickHost) => {
    await mkdir(join(host.root, 'run/systemd/system'), { recursive: true });
    const shown = `LoadState=${load}\nActiveState=${active}\nSubState=x\nResult=${result}\nUnitFileState=${file}\n`;
    host.commands = answering(host.commands, 'systemctl', shown);
  };

const services: readonly BrokenState[] = [
  { code: 'SERVICE_START_LIMIT', arrange: unit('failed', 'start-limit-hit') },
  { code: 'SERVICE_FAILED', says: /exit-code/, arrange: unit('failed', 'exit-code') },
  { code: 'SERVICE_MASKED', arrange: unit('inactive', 'success', 'masked', 'masked') },
  { code: 'SERVICE_NOT_RUNNING', arrange: unit('inactive', 'success') },
  { code: 'SERVICE_NOT_ENABLED', arrange: unit('active', 'success', 'disabled') },
];

/** dpkg's database with one package in a state (dpkg(1)). */
function writeStatus(host: SickHost, name: string, state: string, more = ''): Promise<void> {
  const stanza = `Package: ${name}\nStatus: install ok ${state}\nVersion: 1\nArchitecture: all\nMaintainer: Lab <lab@example.test>\nDescription: toy\n${more}\n`;
  return writeFile(join(host.root, 'var/lib/dpkg/status'), stanza);
}

/** The real worker looks at the packages. */
const withWorker =
  (arrange: BrokenState['arrange']): BrokenState['arrange'] =>
  (host) => {
    host.commands = nodeCommands({}, OWN_PROGRAMS);
    return arrange(host);
  };

const packages: readonly BrokenState[] = [
  {
    code: 'PACKAGE_MANAGER_MISSING',
    says: /linux-patch-root\.conf does not exist/,
    arrange: withWorker((host) => rm(join(host.root, 'etc/apt/linux-patch-root.conf'))),
  },
  {
    code: 'WORKER_UNAVAILABLE',
    says: /the worker could not be started .*ENOENT/,
    arrange: async (host) => {
      const gone = { 'linux-patch-worker': ['/nonexistent/node'] };
      host.commands = nodeCommands({}, gone);
    },
  },
  {
    code: 'PACKAGES_UNCONFIGURED',
    says: /dpkg --audit names toybroken/,
    arrange: withWorker((host) => writeStatus(host, 'toybroken', 'half-configured')),
  },
  {
    code: 'DEPENDENCIES_UNMET',
    says: /toyneedy : Depends: toynowhere/,
    arrange: withWorker((host) => writeStatus(host, 'toyneedy', 'installed', 'Depends: toynowhere\n')),
  },
  {
    code: 'DPKG_INTERRUPTED',
    arrange: withWorker((host) =>
      writeFile(join(host.root, 'var/lib/dpkg/updates/0001'), 'Package: toyhello\n'),
    ),
  },
  {
    code: 'DPKG_LOCKED',
    says: /sleep|flock/,
    arrange: withWorker(async (host) => {
      const lock = join(host.root, 'var/lib/dpkg/lock');
      startProgram(host, 'flock', ['--no-fork', lock, 'sleep', '60']);
      const { inode } = (await systemFiles.facts(lock)) ?? { inode: 0 };
      await vi.waitFor(async () => {
        const locks = (await systemFiles.readText('/proc/locks')) ?? '';
        if (!locks.includes(`:${inode} `)) throw new Error('it has no lock yet');
      }, 10_000);
    }),
  },
];

export const LOCAL_STATES: readonly BrokenState[] = [...files, ...hosts, ...ports, ...services, ...packages];
