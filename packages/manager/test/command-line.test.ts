import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, ownProgram, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PROGRAM = ownProgram('linux-patch-manager');
const START_SCRIPT = join(import.meta.dirname, '../../../bin/linux-patch-manager');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let root: string;

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  args: readonly string[],
  options: { readonly program?: string; readonly cwd?: string; readonly user?: number } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const { program = PROGRAM, cwd = '/', user } = options;
    const as = user === undefined ? {} : { uid: user, gid: user };
    execFile(program, [...args], { cwd, ...as }, (error, stdout, stderr) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

beforeAll(async () => {
  folder = await temporaryFolder();
  root = folder.path;
  await mkdir(join(root, 'etc/linux_patch_manager'), { recursive: true });
  const config = `server:\n  bind: 127.0.0.1\n  port: ${await freePort()}\n`;
  await writeFile(join(root, 'etc/linux_patch_manager/config.yaml'), config);
  const made = await run(['--root', root, 'init', '--url', 'https://patch.example.test:8443', '--json']);
  expect(made.exitCode, made.stderr).toBe(0);
  expect(JSON.parse(made.stdout)).toMatchObject({
    ca_fingerprint: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    manager_url: 'https://patch.example.test:8443',
    setup_link: expect.stringMatching(/^https:\/\/patch\.example\.test:8443\/setup#lpmf_[\w-]{43}$/),
    agent_config: expect.stringContaining('manager_url: "https://patch.example.test:8443"'),
  });
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('the command line of the manager', () => {
  it('keeps private keys to itself, and makes no token that would be good for everything', async () => {
    const data = join(root, 'var/lib/linux_patch_manager');
    for (const file of ['ca/root.key.pem', 'ca/issuing.key.pem', 'ca/client.key.pem', 'ca/web.key.pem']) {
      expect((await stat(join(data, file))).mode & 0o777, file).toBe(0o600);
    }
    await expect(stat(join(data, 'admin.token'))).rejects.toThrow('ENOENT');
  });

  it('makes an authority once and refuses to replace it, with exit code 5', async () => {
    const before = await readFile(join(root, 'var/lib/linux_patch_manager/ca/root.pem'), 'utf8');
    const again = await run(['--root', root, 'init']);
    expect(again.exitCode).toBe(5);
    expect(again.stderr).toContain('Nothing was changed');
    expect(await readFile(join(root, 'var/lib/linux_patch_manager/ca/root.pem'), 'utf8')).toBe(before);
  });

  it('says with exit code 4 that the server is not running, and how to start it', async () => {
    const result = await run(['--root', root, 'hosts', 'list']);
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain('systemctl restart linux-patch-manager');
    expect(result.stderr).toContain('linux-patch-manager serve');
  });

  it.each([
    [['nonsense']],
    [['hosts', 'nonsense']],
    [['hosts', 'show']],
    [['enrollments', 'list', '--state', 'odd']],
    [['enrollments', 'list', '--limit', '0']],
    [['enrollments', 'list', '--offset', '-1']],
    [['hosts', 'set', 'web1', '--port', '0']],
    [['hosts', 'list', '--nonsense']],
  ])('answers wrong usage %j with exit code 2', async (args) => {
    expect((await run(['--root', root, ...args])).exitCode).toBe(2);
  });

  it.each([
    [['--url', 'host'], /must be an https URL, such as https:\/\/patch\.example\.org:8443/],
    [['--url', 'http://patch.example.org'], /must be an https URL/],
    [['--url', 'https://patch.example.org/patch'], /at the root of its host/],
    [['--name', 'a b'], /no host name or address that a certificate can carry/],
  ])('answers init %j with what is expected there, and makes nothing', async (args, words) => {
    const empty = join(root, `refused-${args[1]?.length}`);
    const result = await run(['--root', empty, 'init', ...args]);
    expect([result.exitCode, result.stderr]).toEqual([2, expect.stringMatching(words)]);
    await expect(stat(empty)).rejects.toThrow('ENOENT');
  });

  it('takes an international name and a dot at the end as certificates carry them', async () => {
    const other = join(root, 'international');
    const names = ['--url', 'https://pätch.example.test.:8443', '--name', 'Häuser.example.test'];
    const made = await run(['--root', other, 'init', '--json', ...names]);
    expect([made.exitCode, JSON.parse(made.stdout).manager_url]).toEqual([
      0,
      'https://xn--ptch-loa.example.test:8443',
    ]);
    const web = await readFile(join(other, 'var/lib/linux_patch_manager/ca/web.pem'), 'utf8');
    expect(new X509Certificate(web).subjectAltName).toMatch(
      /DNS:xn--ptch-loa\.example\.test, DNS:xn--huser-gra\.example\.test/,
    );
  });

  it('tells an ordinary user to be root', async () => {
    const nobody = 65_534;
    await chmod(root, 0o755);
    const ended = await run(['--root', root, 'hosts', 'list'], { user: nobody });
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toMatch(/^linux-patch-manager: You may not use .*\. This command is for root: sudo/);
    expect(ended.stderr).not.toContain('lstat');
  });

  it('patches nothing when no target is said', async () => {
    const result = await run(['--root', root, 'patch', 'web1.example.test']);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('--security');
    expect((await run(['--root', root, 'patch', 'web1.example.test', 'curl', '--all'])).exitCode).toBe(1);
  });

  it('approves nobody when it is not said how the host is known', async () => {
    const result = await run(['--root', root, 'enrollments', 'approve', 'web1.example.test']);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('--no-code');
  });

  it('lists all faults of its configuration', async () => {
    const config = join(root, 'broken.yaml');
    await writeFile(config, 'server:\n  prot: 1\n  url: http://x\n');
    const result = await run(['--root', root, '--config', config, 'hosts', 'list']);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/broken\.yaml:2:3 server\.prot/);
    expect(result.stderr).toMatch(/broken\.yaml:3:\d+ server\.url/);
  });

  it('does not serve as root what belongs to another user, and tells that user what it may not read', async () => {
    const other = join(root, 'of-another');
    expect((await run(['--root', other, 'init'])).exitCode).toBe(0);
    const data = join(other, 'var/lib/linux_patch_manager');
    const nobody = 65_534;
    await chown(data, nobody, nobody);
    const refused = await run(['--root', other, 'serve']);
    expect([refused.exitCode, refused.stderr]).toEqual([
      5,
      expect.stringContaining(`${data} belongs to user ${nobody}, and root does not serve from it`),
    ]);
    await chmod(root, 0o755);
    const advised = async (): Promise<string | undefined> => {
      const { exitCode, stderr } = await run(['--root', other, 'serve'], { user: nobody });
      expect(exitCode).toBe(1);
      return /Give it to that user, as root: (chown --reference=\S+ \S+)/.exec(stderr)?.[1];
    };
    expect(await advised()).toMatch(new RegExp(`^chown --reference=${data} ${data}/ca`));
    const paths = await readdir(data, { recursive: true });
    for (const path of paths) if (path !== 'manager.sqlite') await chown(join(data, path), nobody, nobody);
    expect(await advised()).toBe(`chown --reference=${data} ${data}/manager.sqlite`);
  });

  it('without an authority says to run init', async () => {
    const empty = join(root, 'empty');
    await mkdir(empty);
    const result = await run(['--root', empty, 'serve']);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('linux-patch-manager init');
  });

  it('copies its database to no URL that the configuration would refuse, and nothing where a server is used already', async () => {
    const config = join(root, 'on-a-server.yaml');
    const url = 'postgresql://me@db.example.test/fleet';
    await writeFile(config, `database:\n  url: ${url}\n`);
    const copy = (to: string) =>
      run(['--root', join(root, 'on-a-server'), '--config', config, 'database', 'copy', '--url', to]);
    const wrong = await copy('postgresql://me:secret@db.example.test/fleet');
    expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringMatching(/Nothing was changed/)]);
    expect(wrong.stderr).not.toContain('secret');
    const twice = await copy(`${url}2`);
    expect([twice.exitCode, twice.stderr]).toEqual([
      1,
      expect.stringMatching(/is a server already \(.*fleet\)/),
    ]);
  });

  it('runs through a link and documents its exit codes', async () => {
    const link = join(root, 'manager-link');
    await symlink(START_SCRIPT, link);
    const help = await run(['--help'], { program: link, cwd: root });
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toMatch(/Exit codes:[\s\S]*4 {2}the manager is not running/);
  });
});
