import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JOIN_SCRIPT } from '../src/install/join-script.ts';
import { startWorld, type World } from './world.ts';

const run = promisify(execFile);

/** The machine that runs the test, with settings and lists of apt of its own that vanish with the process. */
const HOST = `set -eu
mount -t tmpfs host /mnt
mkdir /mnt/etc /mnt/work /mnt/lists /mnt/lists/partial
mount -t overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work overlay /etc
mount --bind /mnt/lists /var/lib/apt/lists
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/linux_patch_api
mkdir -p /etc/apt/keyrings /etc/linux_patch_api
echo '127.0.0.1 manager.example.test' >> /etc/hosts
`;
const FILES = [
  '/etc/apt/sources.list.d/linux-patch.sources',
  '/etc/apt/apt.conf.d/80linux-patch',
  '/etc/apt/preferences.d/linux-patch',
  '/etc/apt/keyrings/linux-patch.gpg',
  '/etc/apt/keyrings/linux-patch-manager.pem',
  '/etc/linux_patch_api/join',
];

/** A mount namespace is root's; the script is for hosts with apt. */
const canRun = process.getuid?.() === 0 && existsSync('/usr/lib/apt/apt-helper');

let world: World;
let folder: string;
let key: string;

/** Signs a repository whose list of packages is not there, as while it is copied; the fingerprint of its key. */
async function publish(): Promise<string> {
  const env = { ...process.env, GNUPGHOME: folder };
  const gpg = async (...args: string[]) =>
    (
      await run('gpg', ['--batch', '--passphrase', '', '--pinentry-mode', 'loopback', ...args], {
        env,
        encoding: 'buffer',
      })
    ).stdout;
  await gpg('--quick-gen-key', 'Release <release@example.test>', 'ed25519', 'sign', 'never');
  const architecture = (await run('dpkg', ['--print-architecture'])).stdout.trim();
  const repository = join(world.paths.installFolder, 'apt', architecture);
  await mkdir(repository, { recursive: true });
  const release = join(repository, 'Release');
  await writeFile(
    release,
    `Origin: Linux Patch\nDate: ${new Date().toUTCString().replace('GMT', 'UTC')}\nSHA256:\n ${'0'.repeat(64)} 1 Packages\n`,
  );
  await writeFile(join(repository, 'release-key.gpg'), await gpg('--export'));
  await gpg('--detach-sign', '--output', join(repository, 'Release.gpg'), release);
  await gpg('--clear-sign', '--output', join(repository, 'InRelease'), release);
  return /^fpr:+([0-9A-F]{40}):/m.exec((await gpg('--with-colons', '--list-keys')).toString())?.[1] ?? '';
}

/** Runs the script on a host, and tells how it ended and what its files are then: mode and content, or nothing. */
async function paste(prepared: string): Promise<{ exit: number; said: string; files: string[] }> {
  const script = join(folder, 'script', 'join');
  await mkdir(join(folder, 'script'), { recursive: true });
  await writeFile(script, JOIN_SCRIPT);
  const ca = createHash('sha256')
    .update(await readFile(join(world.paths.caFolder, 'root.pem')))
    .digest('hex');
  const look = `for file in ${FILES.join(' ')}; do stat -c '%a %s' "$file" 2>&1 | sed 's/.*No such.*/-/'; cat "$file" 2>/mnt/null || true; echo; echo ==; done`;
  const line = `sh ${script} https://manager.example.test:${world.port} ${ca} ${key} <<'JOIN'\nlpm1.secret\nJOIN\n`;
  const whole = `${HOST}${prepared}\nset +e\n${line}exit=$?\necho "exit $exit"\n${look}`;
  const { stdout, stderr } = await run('unshare', ['-m', 'sh', '-c', whole]);
  const [head = '', ...rest] = stdout.split(/(?<=^exit \d+\n)/m);
  const files = rest.join('').split('==\n').slice(0, FILES.length);
  return {
    exit: Number(/exit (\d+)\n$/.exec(head)?.[1]),
    said: stderr,
    files: files.map((text) => text.trim()),
  };
}

/** What a host has that joined by such a line before. */
const SERVING = FILES.map(
  (file, index) => `echo "# before-${index}" > ${file}; chmod ${index === 5 ? 600 : 644} ${file}`,
).join('\n');
const AS_BEFORE = FILES.map((_, index) => `${index === 5 ? 600 : 644} 11\n# before-${index}`);
/** A program of the host, before all others. */
const program = (name: string, text: string) =>
  `mkdir -p /mnt/bin; printf '%s\\n' '#!/bin/sh' ${text} > /mnt/bin/${name}; chmod 755 /mnt/bin/${name}; PATH=/mnt/bin:$PATH`;

describe.runIf(canRun)('the line for hosts with apt, where it does not come to its end,', () => {
  beforeAll(async () => {
    world = await startWorld();
    folder = await mkdtemp(join(tmpdir(), 'lp-line-'));
    key = await publish();
  });
  afterAll(async () => {
    await run('gpgconf', ['--kill', 'all'], { env: { ...process.env, GNUPGHOME: folder } });
    await rm(folder, { recursive: true, force: true });
    await world[Symbol.asyncDispose]();
  });

  it('leaves a new host without anything', async () => {
    const { exit, said, files } = await paste('');
    expect([exit, files]).toEqual([1, FILES.map(() => '-')]);
    expect(said).toMatch(/apt does not take the packages of https:/);
    expect(said).toContain('What was set up for it is taken back');
  });

  it('leaves a host that serves already with what it had', async () => {
    const { exit, said, files } = await paste(SERVING);
    expect(said).toMatch(/apt does not take the packages of https:/);
    expect([exit, files]).toEqual([1, AS_BEFORE]);
  });

  it.each([
    ['TERM', 143],
    ['HUP', 129],
    ['INT', 130],
  ])('does the same when it is broken off by SIG%s', async (signal, code) => {
    const stop = program('apt-get', `'kill -${signal} $PPID'`);
    const { exit, files } = await paste(`${SERVING}\n${stop}`);
    expect([exit, files]).toEqual([code, AS_BEFORE]);
  });

  it('changes nothing on a host that is set up for another manager, and says how to go on', async () => {
    const status = program('linux-patch-api', `"echo 'Manager      https://other.example.test:8443'"`);
    const { exit, said, files } = await paste(`${SERVING}\n${status}`);
    expect([exit, files]).toEqual([1, AS_BEFORE]);
    expect(said).toContain('set up for the manager at https://other.example.test:8443');
    expect(said).toContain('Nothing was changed on this host.');
  });

  it.each([
    ['opensuse-microos', 'suse opensuse'],
    ['alpine', ''],
    ['', ''],
  ])('changes nothing on a host that calls itself "%s", like "%s"', async (id, like) => {
    const system = `rm /etc/os-release; printf 'ID_LIKE="%s"\\nID="%s"\\n' '${like}' '${id}' > /etc/os-release`;
    const { exit, said, files } = await paste(`${SERVING}\n${system}`);
    expect([exit, files]).toEqual([1, AS_BEFORE]);
    expect(said).toMatch(
      /none of the systems .*: those with apt, dnf, zypper or pacman\. Nothing was changed/,
    );
  });
});
