import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { spkiFingerprint } from '@linux-patch/pki';
import { nodeCommands } from '@linux-patch/runtime/node';
import { ownProgram } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';
import { DOCTOR_CHECKS } from '../../src/doctor/table.ts';
import type { BrokenState } from './case.ts';
import { CONFIG_STATES } from './config-states.ts';
import { IDENTITY_STATES } from './identity-states.ts';
import { JOINING_STATES } from './joining-states.ts';
import { LOCAL_STATES, unit } from './local-states.ts';
import { NETWORK_STATES } from './network-states.ts';
import { askDoctorInWords, createSickHost, type SickHost, type Told, told } from './sick-host.ts';

const AGENT_PROGRAM = ownProgram('linux-patch-api');
const STATES: readonly BrokenState[] = [
  ...CONFIG_STATES,
  ...LOCAL_STATES,
  ...IDENTITY_STATES,
  ...JOINING_STATES,
  ...NETWORK_STATES,
];

/** Runs the doctor as a program of its own in new namespaces, after a shell line has been run in them. */
function askInNamespace(
  host: SickHost,
  { flags, before }: NonNullable<BrokenState['namespace']>,
): Promise<Told> {
  const line = `${before(host)} && exec "$0" --root "$1" doctor --json`;
  const { promise, resolve, reject } = Promise.withResolvers<Told>();
  execFile('unshare', [...flags, 'sh', '-c', line, AGENT_PROGRAM, host.root], (error, stdout, stderr) => {
    const code = typeof error?.code === 'number' ? error.code : 0;
    if (stdout === '') reject(new Error(`the doctor said nothing: ${stderr}`));
    else resolve(told(code, stdout));
  });
  return promise;
}

function askAbout(host: SickHost, state: BrokenState): Promise<Told> {
  return state.namespace ? askInNamespace(host, state.namespace) : host.doctor(...(state.args ?? []));
}

function expectNoSecret(host: SickHost, text: string): void {
  for (const secret of host.secrets) expect(text).not.toContain(secret);
}

/** An agent that serves with the folders of this host. */
async function servingBeside(host: SickHost): Promise<AsyncDisposable & { readonly child: ChildProcess }> {
  const child = spawn(AGENT_PROGRAM, ['--root', host.root], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const listening = Promise.withResolvers<void>();
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes('Listening on')) listening.resolve();
  });
  void exited.then(() => listening.reject(new Error(`the agent has ended: ${said}`)));
  await listening.promise;
  return {
    child,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Lets a stopped agent go on once somebody has sent it SIGHUP, and time pass for who waits for it. */
async function goOnAfterHangUp(
  child: ChildProcess,
  clock: SickHost['clock'],
  done: Promise<unknown>,
): Promise<void> {
  let isDone = false;
  void done.finally(() => (isDone = true));
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    const pending = Number.parseInt(/^ShdPnd:\s*(\w+)/m.exec(status)?.[1] ?? '0', 16);
    if (pending % 2 === 1) child.kill('SIGCONT');
    await clock.advance(25);
  }
}

describe('a host that is well', () => {
  it('has no finding, and the doctor ends with 0', async () => {
    await using host = await createSickHost();
    host.commands = nodeCommands({}, OWN_PROGRAMS);
    const { exitCode, report } = await host.doctor();
    expect(report.findings).toEqual([]);
    expect(exitCode).toBe(0);
    expect(await askDoctorInWords(host)).toBe('Nothing is wrong.\n');
  });

  it('is left as it was, without a file more', async () => {
    await using host = await createSickHost();
    const before = await host.files.list(host.paths.dataFolder);
    await host.doctor();
    expect(await host.files.list(host.paths.dataFolder)).toEqual(before);
  });

  it('may ask a manager of the older generation, which publishes no CA', async () => {
    await using host = await createSickHost();
    host.manager.respond = (path, response) => {
      const status = path.startsWith('/api/v1/enroll/status/') ? 200 : 404;
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"status":"notfound"}');
    };
    expect((await host.doctor()).codes).toEqual([]);
  });
});

it('names the CA of a wrong pin by the fingerprint that the manager shows everywhere', async () => {
  await using host = await createSickHost();
  const pin = `ca_fingerprint: "sha256:${'ab'.repeat(32)}"`;
  await host.configure([`manager_url: ${host.manager.url}`, 'report_ip: 127.0.0.1', pin]);
  const [first] = (await host.doctor()).report.findings;
  expect(first?.detail).toContain(`it has ${spkiFingerprint(host.authority.root.certificatePem)}.`);
});

/** What only a booted host can have, whose systemd starts the workers: shown on clean hosts. */
const ON_CLEAN_HOSTS = ['WORKER_NOT_STARTED', 'REFRESH_NOT_STARTED'];

describe('the doctor names a broken state first', () => {
  it('for every code that it knows', () => {
    const tested = new Set(STATES.map((state) => state.code));
    const untested = Object.keys(DOCTOR_CHECKS).filter((code) => !tested.has(code as never));
    expect(untested).toEqual(ON_CLEAN_HOSTS);
    expect(tested.size).toBeGreaterThan(100);
  });

  for (const state of STATES) {
    const name = state.variant ? `${state.code}: ${state.variant}` : state.code;
    it(name, async () => {
      await using host = await createSickHost();
      await state.arrange(host);
      const { report, codes, exitCode, text } = await askAbout(host, state);
      expect(codes[0], text).toBe(state.code);
      const [first] = report.findings;
      expect(first?.command).toMatch(/\S/);
      expect(first?.command).not.toMatch(/[{}]/);
      if (state.lacks) expect(codes).not.toContain(state.lacks);
      if (state.says) expect(first?.detail).toMatch(state.says);
      expect(exitCode).toBe(first?.severity === 'error' ? 4 : first?.severity === 'warning' ? 3 : 0);
      expectNoSecret(host, text);
      if (state.fixed) await expectMended(host, state);
    });
  }
});

describe('certificates that were deleted under a running agent', () => {
  it.each([
    [
      'all of them',
      (host: SickHost) => rm(host.paths.certificatesFolder, { recursive: true }),
      'IDENTITY_MISSING',
    ],
    ['the key', (host: SickHost) => rm(host.paths.key), 'KEY_MISSING'],
  ])('%s: the command named, and --fix, let it put them back', async (_what, lose, code) => {
    await using host = await createSickHost();
    await using agent = await servingBeside(host);
    // So that it does not put them back by itself before the doctor has looked.
    agent.child.kill('SIGSTOP');
    await lose(host);
    const { report } = await host.doctor('--offline');
    const finding = report.findings.find((one) => one.code === code);
    expect(finding?.command).toMatch(/^kill -HUP \d+$/);
    const fixed = host.doctor('--offline', '--fix');
    await goOnAfterHangUp(agent.child, host.clock, fixed);
    expect((await fixed).report.repaired.map((one) => one.code)).toContain(code);
    expect((await host.doctor('--offline')).codes).not.toContain(code);
  });
});

describe('a service that systemd has given up because of its configuration', () => {
  it('is told beside the fault, with the command that makes systemd start it again', async () => {
    await using host = await createSickHost();
    await host.configure(['manger_url: https://manager.example.org']);
    await unit('failed', 'exit-code')(host);
    const { codes, report } = await host.doctor();
    expect(codes).toEqual(['CONFIG_UNKNOWN_KEY', 'SERVICE_FAILED']);
    expect(report.findings[1]?.command).toMatch(/^systemctl reset-failed linux-patch-api && systemctl start/);
  });
});

/** `--fix` mends it, and then nothing of it is left. */
async function expectMended(host: SickHost, state: BrokenState): Promise<void> {
  const mended = await host.doctor('--fix', ...(state.args ?? []));
  expect(mended.report.repaired.map((one) => one.code)).toContain(state.code);
  expect(mended.report.repair_failures).toEqual([]);
  const again = await host.doctor(...(state.args ?? []));
  const serious = again.report.findings.filter((one) => one.severity !== 'notice');
  expect(serious, JSON.stringify(serious)).toEqual([]);
  expect(again.codes).not.toContain(state.code);
  expect(again.exitCode).toBe(0);
  expectNoSecret(host, mended.text + again.text);
}
