import { type ChildProcess, type ExecFileOptions, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseJoinString } from '@linux-patch/pki';
import { ownProgram, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, type Reachable } from './agents.ts';
import { callHttps } from './https-call.ts';

const PROGRAM = ownProgram('linux-patch-manager');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: ChildProcess;
let manager: Reachable;

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: string[]): Promise<Ended> {
  return runAs({}, ...args);
}

function runAs(options: ExecFileOptions, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(PROGRAM, ['--root', folder.path, ...args], options, (error, stdout, stderr) => {
      const exitCode = typeof error?.code === 'number' ? error.code : 0;
      resolve({ exitCode, stdout: String(stdout), stderr: String(stderr) });
    });
  });
}

/** Resolves with the port that the server says it listens on. */
function portOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    const match = /Listening on 127\.0\.0\.1:(\d+)/.exec(said);
    if (match) resolve(Number(match[1]));
  });
  child.once('exit', (code) => reject(new Error(`the manager ended with ${code}: ${said}`)));
  return promise;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  const configFile = join(folder.path, 'etc/linux_patch_manager/config.yaml');
  await mkdir(join(configFile, '..'), { recursive: true });
  const settings = 'server:\n  bind: 127.0.0.1\n  port: 0\n  url: https://patch.example.test:8443\n';
  await writeFile(configFile, settings);
  expect((await run('init')).exitCode).toBe(0);
  server = spawn(PROGRAM, ['--root', folder.path, 'serve'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const port = await portOf(server);
  const data = join(folder.path, 'var/lib/linux_patch_manager');
  const ca = await readFile(join(data, 'ca/root.pem'), 'utf8');
  const call: Reachable['call'] = (one) => callHttps({ port, ca }, one);
  manager = {
    call,
    clock: Date,
    admin: () => Promise.reject(new Error('administrators use the command line here')),
  };
});
afterAll(async () => {
  server.kill('SIGTERM');
  await once(server, 'exit');
  await folder[Symbol.asyncDispose]();
});

describe('who uses the command line', () => {
  it('is on record as whom the environment names, with the word that this is only said', async () => {
    const deny = ['enrollments', 'deny', 'nobody.example.test'];
    expect((await runAs({ env: { ...process.env, SUDO_USER: 'alice' } }, ...deny)).exitCode).toBe(3);
    const { PATH } = process.env;
    expect((await runAs({ env: { PATH } }, ...deny)).exitCode).toBe(3);
    const file = join(folder.path, 'var/lib/linux_patch_manager/manager.sqlite');
    using database = new DatabaseSync(file, { readOnly: true });
    const rows = database.prepare("SELECT actor FROM audit WHERE event = 'admin_call' ORDER BY seq").all();
    expect(rows.map((row) => row.actor)).toEqual(['local (says: alice)', 'local']);
  });

  it('is root: an ordinary user is told so, and gets nowhere', async () => {
    await chmod(folder.path, 0o755);
    const nobody = { uid: 65_534, gid: 65_534, cwd: '/' };
    for (const args of [['status'], ['hosts', 'list']]) {
      const ended = await runAs(nobody, ...args);
      expect([ended.exitCode, ended.stdout]).toEqual([1, '']);
      expect(ended.stderr).toBe(
        `linux-patch-manager: You may not use ${folder.path}/run/linux-patch-manager/admin.sock. This command is for root: sudo linux-patch-manager …\n`,
      );
    }
  });
});

it('a restore beside a manager that runs changes nothing, and advises nobody to give up an authority', async () => {
  const ended = await run('restore', join(folder.path, 'backup.age'));
  const data = join(folder.path, 'var/lib/linux_patch_manager');
  expect([ended.exitCode, ended.stdout]).toEqual([5, '']);
  expect(ended.stderr).toMatch(
    /The manager is running.*Nothing was changed\. Only if its hosts belong to the one in the backup: /,
  );
  expect(ended.stderr).toContain(`which keeps it: mv ${data} ${data}.old`);
});

describe('enrollments on the command line', () => {
  it('are listed and shown with key id, names, addresses, trust and conflicts', async () => {
    const agent = await newAgent(manager);
    const keyId = (await agent.register()).json().ext.key_id;
    const list = await run('enrollments', 'list');
    const line = list.stdout.split('\n').find((one) => one.startsWith(agent.facts.fqdn));
    expect(line).toContain(keyId);
    expect(line).toContain(`${agent.facts.ip_address} via 127.0.0.1`);
    expect(line).toMatch(/\bcode\b/);
    const copy = await newAgent(manager, { facts: agent.facts });
    await copy.register();
    const shown = await run('enrollments', 'show', keyId);
    expect(shown.stdout).toContain(`${agent.facts.ip_address} (asked from 127.0.0.1)`);
    expect(shown.stdout).toMatch(new RegExp(`Conflict +request ${copy.requestId} of ${agent.facts.fqdn}`));
    expect(shown.stdout).not.toContain(agent.code);
  });

  it('are shown with the CA whose chain the host believed, which may be that of a TLS inspection', async () => {
    const managerProof = { by: 'system', issuer: 'CN=Inspection\u001b[31m Root CA' };
    const agent = await newAgent(manager, { modes: ['code', 'click'], managerProof });
    await agent.register();
    const { stdout } = await run('enrollments', 'show', agent.requestId);
    expect(stdout).toMatch(
      /Trusts us by +the system's CAs, TLS by "CN=Inspection.* Root CA" \(says the host\)/,
    );
    expect(stdout).not.toContain('\u001b');
    const json = JSON.parse((await run('enrollments', 'show', agent.requestId, '--json')).stdout) as object;
    expect(json).toMatchObject({ manager_proof: { by: 'system' } });
  });

  it('are locked by five wrong codes, also for the right one, and say so', async () => {
    const agent = await newAgent(manager);
    await agent.register();
    const approve = (code: string) => run('enrollments', 'approve', agent.requestId, '--code', code);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const wrong = await approve('0000-0000-0000-0000');
      expect([wrong.exitCode, wrong.stderr]).toEqual([5, expect.stringContaining('does not fit')]);
    }
    const locked = await approve(agent.code);
    expect([locked.exitCode, locked.stderr]).toEqual([
      5,
      expect.stringMatching(/Too many wrong codes.*wait 15 min/),
    ]);
    expect(locked.stderr).not.toContain(agent.code);
  });

  it('are approved with the code of the host', async () => {
    const agent = await newAgent(manager);
    await agent.register();
    const done = await run('enrollments', 'approve', agent.requestId, '--code', agent.code);
    expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining('host code verified')]);
    expect((await agent.poll()).json().status).toBe('approved');
  });
});

describe('join tokens on the command line', () => {
  it('are made with the join string alone on standard output, and listed, shown and revoked without it', async () => {
    const made = await run('tokens', 'create', '--ttl', '2h', '--uses', '3', '--hosts', '*.example.test');
    const joinString = made.stdout.trim();
    expect(made.stdout).toBe(`${joinString}\n`);
    expect(parseJoinString(joinString).secret).toHaveLength(32);
    expect(made.stderr).not.toContain(joinString);
    const id = /Join token ([0-9a-f]{16})/.exec(made.stderr)?.[1] ?? '';
    const agent = await newAgent(manager, { joinString });
    expect((await agent.register()).json().ext.token).toBe('accepted');

    const list = await run('tokens', 'list');
    expect(list.stdout).toMatch(
      new RegExp(`${id} +active +1 of 3 +\\*\\.example\\.test .*${agent.facts.fqdn}`),
    );
    const shown = await run('enrollments', 'show', agent.requestId);
    expect(shown.stdout).toContain(`Join token    ${id}: let the host in`);
    expect((await run('tokens', 'revoke', id)).stdout).toContain(`Revoked join token ${id}`);
    const late = await newAgent(manager, { joinString });
    await late.register();
    expect((await run('enrollments', 'show', late.requestId)).stdout).toContain(`${id}: was revoked`);
    expect((await run('tokens', 'show', id)).stdout).toMatch(/State +revoked/);
    expect(`${list.stdout}${shown.stdout}`).not.toContain(joinString.split('.')[2]);
    expect((await run('tokens', 'revoke', '0000000000000000')).exitCode).toBe(3);
  });

  it.each([[['--ttl', '91d']], [['--ttl', 'soon']], [['--uses', '0']], [['--uses', 'many']]])(
    'with %j are wrong usage',
    async (args) => {
      expect((await run('tokens', 'create', ...args)).exitCode).toBe(2);
    },
  );

  it('come as a line for a new host, which puts the join string into a private file and into no argument list', async () => {
    const made = await run('install-line', '--hosts', 'web*.example.test', '--note', 'web of spring');
    expect((await run('tokens', 'list')).stdout).toContain('web of spring');
    expect((await run('audit', 'list', '--about', 'web of spring')).stdout).toContain('join_token_created');
    expect((await run('audit', 'list', '--about', 'web of autumn')).stdout).toBe('No records.\n');
    const [command = '', joinString = '', end] = made.stdout.split('\n');
    expect(end).toBe('JOIN');
    expect(command).toContain(
      "LINUX_PATCH_MANAGER_URL='https://patch.example.test:8443' apt-get install -y ./linux-patch-api.deb",
    );
    expect(command).not.toContain(parseJoinString(joinString).secret.toString());

    // The line itself, as a shell runs it, with another folder and an installer that shows what it was given.
    const target = join(folder.path, 'newhost/join');
    const script = made.stdout
      .replace('/etc/linux_patch_api/join', target)
      .replace('apt-get install -y ./linux-patch-api.deb', 'printenv LINUX_PATCH_MANAGER_URL');
    const ran = await new Promise<string>((resolve, reject) => {
      execFile('/bin/sh', ['-c', script], (error, stdout) => (error ? reject(error) : resolve(stdout)));
    });
    expect(ran.trim()).toBe('https://patch.example.test:8443');
    expect(await readFile(target, 'utf8')).toBe(`${joinString}\n`);
    expect((await stat(target)).mode & 0o777).toBe(0o600);
  });

  it('make no token for a package that nobody can install', async () => {
    const before = (await run('tokens', 'list', '--json')).stdout;
    const refused = await run('install-line', '--package', 'agent.exe');
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('.rpm')]);
    expect((await run('tokens', 'list', '--json')).stdout).toBe(before);
    const rpm = await run(
      'install-line',
      '--package',
      './linux-patch-api.rpm',
      '--url',
      'https://other.example.test',
    );
    expect(rpm.stdout).toMatch(
      /LINUX_PATCH_MANAGER_URL='https:\/\/other\.example\.test' sh -c '.*dnf install.*zypper.*' sh \.\/linux-patch-api\.rpm$/m,
    );
  });
});

describe('labels and notes on the command line', () => {
  it('are given to hosts, by which they are listed, and taken away', async () => {
    const made = await run('tokens', 'create', '--uses', '2', '--label', 'env=prod', '--label', 'tier=web');
    expect(made.stderr).toContain('with env=prod,tier=web, until');
    const agents = [];
    for (let number = 0; number < 2; number += 1) {
      const agent = await newAgent(manager, { joinString: made.stdout.trim() });
      await agent.register();
      agents.push(agent.facts.fqdn);
    }
    const [first = '', second = ''] = agents.toSorted();
    expect((await run('hosts', 'list', '@env=prod')).stdout).toMatch(
      new RegExp(`${first} .* env=prod,tier=web\\b.*\\n${second} .* env=prod,tier=web\\b`),
    );
    const several = await run('hosts', 'label', `@env=prod`, 'site=berlin');
    expect([several.exitCode, several.stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`${second} +done +env=prod,site=berlin,tier=web`)),
    ]);
    expect((await run('hosts', 'unlabel', second, 'env', 'tier')).stdout).toBe(`${second}: site=berlin\n`);
    const left = JSON.parse((await run('hosts', 'list', '@env=prod', '--json')).stdout) as {
      hosts: { fqdn: string }[];
    };
    expect(left.hosts.map(({ fqdn }) => fqdn)).toEqual([first]);
    expect((await run('hosts', 'note', first, 'Rack 3, ask Ada')).stdout).toBe(`${first}: Rack 3, ask Ada\n`);
    expect((await run('hosts', 'show', first)).stdout).toMatch(
      /Labels +env=prod,site=berlin,tier=web\nGroups +-\nNote +Rack 3, ask Ada/,
    );
    expect((await run('hosts', 'note', first, '--remove')).stdout).toBe(`${first}: no note\n`);
    expect((await run('hosts', 'note', first)).exitCode).toBe(1);
    expect((await run('patch', '@env=nothing', '--all')).stderr).toContain(
      'means no host now. Nothing was done',
    );
  });

  it.each([
    [['label', 'web1', 'prod'], /a label is KEY=VALUE/],
    [['label', 'web1', 'Env=prod'], /small letters/],
    [['label', 'web1', 'env=a b'], /letters, digits/],
    [['label', 'web1'], /missing required argument/],
    [['unlabel', 'web1', 'a=b'], /small letters/],
    [['note', 'web1', 'two\nlines'], /one line of at most 500/],
  ])('%j is wrong usage', async (args, why) => {
    const { exitCode, stderr } = await run('hosts', ...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(why)]);
  });
});

describe('api-tokens on the command line', () => {
  it('are made for a role, shown once, listed with their use, and taken back', async () => {
    const made = await run('api-tokens', 'create', 'prometheus-2027', '--role', 'viewer', '--expires', '365');
    expect([made.exitCode, made.stderr]).toEqual([0, expect.stringContaining('(in 365 days)')]);
    expect(made.stdout).toMatch(/^lpmt_prometheus-2027_[\w-]{43}\n$/);
    expect(made.stderr).not.toContain(made.stdout.trim());
    const headers = { authorization: `Bearer ${made.stdout.trim()}` };
    expect((await manager.call({ path: '/metrics', headers })).status).toBe(200);
    const apply = { method: 'POST', path: '/api/v1/hosts/x/patches/apply', headers, body: { all: true } };
    expect((await manager.call(apply)).status).toBe(403);
    const list = await run('api-tokens', 'list');
    expect(list.stdout).toMatch(
      /prometheus-2027 +viewer +active +\d+ s ago +local(?: \(says: \S+\))? +in 365 days +\d+ s ago from 127\.0\.0\.1/,
    );
    const revoked = await run('api-tokens', 'revoke', 'prometheus-2027');
    expect(revoked.stdout).toMatch(/^Revoked API token prometheus-2027 \(viewer\); last used .* from 127/);
    expect((await manager.call({ path: '/metrics', headers })).status).toBe(401);
    const again = await run('api-tokens', 'create', 'prometheus-2027', '--role', 'viewer');
    expect([again.exitCode, again.stdout]).toEqual([5, '']);
    expect((await run('api-tokens', 'revoke', 'nobody')).exitCode).toBe(3);
  });

  it.each([
    [['x'], /required option '--role <role>' not specified/],
    [['x', '--role', 'root'], /Allowed choices are viewer, operator, admin/],
    [['x', '--role', 'viewer', '--expires', '366'], /from 1 to 365/],
    [['A B', '--role', 'viewer'], /small letters, digits, dots and hyphens/],
  ])('with %j are refused before the manager is asked', async (args, why) => {
    const refused = await run('api-tokens', 'create', ...args);
    expect([refused.exitCode, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toMatch(why);
  });
});

describe('the doctor', () => {
  it('says what is wrong, worst first, with the command for this root, and an exit code for scripts', async () => {
    const weak = await run('doctor');
    expect([weak.exitCode, weak.stderr]).toEqual([3, '']);
    expect(weak.stdout).toContain(
      `NO_BACKUP  warning: There is no backup of this manager\n    linux-patch-manager backup was never used here.`,
    );
    expect(weak.stdout).toContain(`Mend: linux-patch-manager --root ${folder.path} backup FILE`);
  });

  it('works where the configuration does not, and says all that is wrong with that', async () => {
    const file = join(folder.path, 'broken.yaml');
    await writeFile(file, 'server:\n  prot: 1\nfleet: 3\n');
    const { exitCode, stdout } = await run('--config', file, 'doctor', '--json');
    const [first] = (JSON.parse(stdout) as { findings: { code: string; detail: string }[] }).findings;
    expect([exitCode, first?.code]).toEqual([4, 'CONFIG_REFUSED']);
    expect(first?.detail).toMatch(/broken\.yaml:2:3[\s\S]*broken\.yaml:3:/);
  });
});
