import { randomBytes } from 'node:crypto';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { must, type ProgramResult, type RunningProgram, runProgram, startProgram } from '../process.ts';
import { askHost } from './ask-host.ts';
import type { Image } from './images.ts';
import type { HostNetwork } from './network.ts';

/** A real host: its own init, network, disk and process tree. */
export interface LabHost extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
  /** The host's disk, seen from outside. `/run` and `/tmp` are not on it. */
  readonly disk: string;
  /** What was written since the host was made. */
  readonly changed: string;
  /** Runs a program on the host. */
  run(program: string, args?: readonly string[], options?: RunOptions): Promise<ProgramResult>;
  /** The same; throws unless it ends well. Resolves to what it printed. */
  must(program: string, args?: readonly string[], options?: RunOptions): Promise<string>;
  /** Restarts the host as its administrator would, and waits until it is up again. */
  reboot(): Promise<void>;
  /** Waits until the host is up again, which somebody or something else restarts from now on. */
  nextBoot(): Promise<void>;
  /** Everything stops at once, without a word; `restorePower` brings the host back with the disk as it is. */
  cutPower(): Promise<void>;
  restorePower(): Promise<void>;
  setCable(state: 'up' | 'down'): Promise<void>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export interface HostOptions {
  readonly name: string;
  readonly folder: string;
  readonly image: Image;
  readonly network: HostNetwork;
  /** Lines of `/etc/hosts` besides the host's own. */
  readonly names: Readonly<Record<string, string>>;
  /** Folders of the machine that the host sees, read-only: target by source. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Size of the disk's writable part, as tmpfs(5) takes it. */
  readonly diskSize?: string;
  readonly init?: 'systemd' | 'sysvinit';
}

const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  TERM: 'dumb',
};

async function childOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const [child] = text.split(' ').filter(Boolean);
  return child === undefined ? undefined : Number(child);
}

/** A process that ended and was not collected yet counts as gone. */
async function isGone(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
  return status === undefined || /^State:\s+Z/m.test(status);
}

async function prepareDisk(options: HostOptions): Promise<string> {
  const { folder, image, diskSize = '2g' } = options;
  await mkdir(folder, { recursive: true });
  must(
    await runProgram('mount', ['-t', 'tmpfs', '-o', `mode=0755,size=${diskSize}`, 'lab', folder]),
    'mount',
  );
  const [up, work, root] = ['up', 'work', 'root'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [up, work, root]) await mkdir(path);
  const overlay = `lowerdir=${image.layers.join(':')},upperdir=${up},workdir=${work}`;
  must(await runProgram('mount', ['-t', 'overlay', 'lab', '-o', overlay, root]), 'mount');
  const names = Object.entries({ ...options.names, [options.name]: options.network.address });
  const hosts = [
    '127.0.0.1 localhost',
    ...names.map(([name, address]) => `${address} ${name}.lab.example ${name}`),
    '',
  ];
  await writeFile(join(root, 'etc/hosts'), hosts.join('\n'));
  await writeFile(join(root, 'etc/hostname'), `${options.name}\n`);
  // systemd makes one at the first boot; elsewhere the installer or dbus does.
  if (options.init === 'sysvinit')
    await writeFile(join(root, 'etc/machine-id'), `${randomBytes(16).toString('hex')}\n`);
  // Without a server that answers nothing for ten seconds: names that are not in /etc/hosts do not exist.
  await rm(join(root, 'etc/resolv.conf'), { force: true });
  await writeFile(join(root, 'etc/resolv.conf'), 'nameserver 127.0.0.1\n');
  return root;
}

/** Boots a host and waits until its services are up. */
export async function bootHost(options: HostOptions): Promise<LabHost> {
  const host = new Host(options, await prepareDisk(options));
  try {
    await host.powerOn();
    return host;
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * With it systemd gives services networks of their own (systemd.exec(5), `PrivateNetwork`), as on a machine. sysvinit would
 * switch off the cards that the lab made when it reboots.
 */
const OWN_NETWORKS = '--capability=CAP_NET_ADMIN';

class Host implements LabHost {
  readonly name: string;
  readonly address: string;
  readonly disk: string;
  readonly changed: string;
  readonly #options: HostOptions;
  #loop: RunningProgram | undefined;
  #init: number | undefined;

  constructor(options: HostOptions, disk: string) {
    this.#options = options;
    this.name = options.name;
    this.address = options.network.address;
    this.disk = disk;
    this.changed = join(options.folder, 'up');
  }

  async powerOn(): Promise<void> {
    const { folder, name, network, mounts = {}, init = 'systemd' } = this.#options;
    const binds = Object.entries(mounts).map(([target, source]) => `--bind-ro=${source}:${target}`);
    this.#loop = startProgram({
      program: 'unshare',
      args: [
        '--mount',
        '--propagation',
        'slave',
        'sh',
        join(import.meta.dirname, 'nspawn-loop.sh'),
        name,
        folder,
        network.namespace,
        ...binds,
        ...(init === 'systemd' ? [OWN_NETWORKS] : []),
      ],
      logFile: `${folder}.console.log`,
    });
    await this.#waitUntilUp(undefined);
  }

  /** @param before process id of the init that is to be followed by another */
  async #waitUntilUp(before: number | undefined): Promise<void> {
    const { folder, init = 'systemd' } = this.#options;
    const [path, pattern] =
      init === 'systemd' ? ['run/systemd/private', undefined] : ['run/openrc/softlevel', /^default/];
    this.#init = await askHost(`${this.name} to boot`, async () => {
      const nspawn = Number(await readFile(`${folder}.pid`, 'utf8').catch(() => Number.NaN));
      const pid = Number.isNaN(nspawn) ? undefined : await childOf(nspawn);
      if (pid === undefined || pid === before) return undefined;
      const mark = await runProgram('nsenter', [
        '-t',
        String(pid),
        '-m',
        '-r',
        '--',
        'sh',
        '-c',
        `test -e /${path} && cat /${path} 2>/dev/null || test -e /${path}`,
      ]);
      return mark.exitCode === 0 && (pattern === undefined || pattern.test(mark.stdout)) ? pid : undefined;
    });
    if (init === 'systemd') await this.#waitUntilStarted();
  }

  /** Not with `--wait`: a guest that has no inotify instance left never answers it. */
  async #waitUntilStarted(): Promise<void> {
    await askHost(`the services of ${this.name} to start`, async () => {
      const { stdout } = await this.run('systemctl', ['is-system-running']);
      return ['running', 'degraded', 'maintenance', 'stopping'].includes(stdout.trim()) || undefined;
    });
  }

  async run(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<ProgramResult> {
    if (this.#init === undefined) throw new Error(`${this.name} is switched off`);
    const environment = Object.entries({ ...ENVIRONMENT, ...options.env }).map(
      ([key, value]) => `${key}=${value}`,
    );
    return runProgram(
      'nsenter',
      [
        '-t',
        String(this.#init),
        '-m',
        '-u',
        '-i',
        '-n',
        '-p',
        '-C',
        '-r',
        '-w',
        '--',
        'env',
        '-i',
        ...environment,
        program,
        ...args,
      ],
      options.input === undefined ? {} : { input: options.input },
    );
  }

  async must(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    return must(await this.run(program, args, options), `${this.name}: ${program} ${args.join(' ')}`).stdout;
  }

  async reboot(): Promise<void> {
    const before = this.#init;
    if (this.#options.init === 'sysvinit') await this.run('shutdown', ['-r', 'now']);
    else await this.run('systemctl', ['--no-block', 'reboot']);
    await this.#waitUntilUp(before);
  }

  nextBoot(): Promise<void> {
    return this.#waitUntilUp(this.#init);
  }

  async cutPower(): Promise<void> {
    if (this.#init === undefined) return;
    await writeFile(`${this.#options.folder}.hold`, '');
    const init = this.#init;
    this.#init = undefined;
    process.kill(init, 'SIGKILL');
    const off = `${this.#options.folder}.off`;
    await askHost(
      `${this.name} to lose power`,
      async () =>
        await access(off).then(
          () => true,
          () => undefined,
        ),
    );
  }

  async restorePower(): Promise<void> {
    await rm(`${this.#options.folder}.hold`);
    await this.#waitUntilUp(undefined);
  }

  setCable(state: 'up' | 'down'): Promise<void> {
    return this.#options.network.setCable(state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { folder, name } = this.#options;
    await rm(`${folder}.hold`, { force: true });
    if (this.#init !== undefined && !(await isGone(this.#init))) process.kill(this.#init, 'SIGKILL');
    this.#init = undefined;
    if (this.#loop) await this.#loop[Symbol.asyncDispose]();
    await runProgram('umount', ['-R', join(folder, 'root')]);
    await runProgram('umount', [folder]);
    await rm(folder, { recursive: true, force: true });
    // The cgroup shows here too, where the machine itself has a cgroup v2.
    const group = `lab-${basename(dirname(folder))}-${name}`;
    await runProgram('rmdir', [`/sys/fs/cgroup/unified/${group}`, `/sys/fs/cgroup/${group}`]);
  }
}
