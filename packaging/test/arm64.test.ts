import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VERSION } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { buildToyRepository, type ToyRepository } from '../../packages/lab/src/apt/repository.ts';
import { createLabHost, type LabHost } from '../../packages/lab/src/index.ts';
import { makeOpensslIdentity } from '../../packages/lab/src/openssl-identity.ts';
import { runProgram, startProgram } from '../../packages/lab/src/process.ts';
import { ensurePrograms } from '../../tools/system-packages.ts';
import { unpackDeb } from './built.ts';

/** The libraries that arm64 programs are run with (Debian's cross packages). */
const SYSTEM = '/usr/aarch64-linux-gnu';

let folder = '';
let repository: ToyRepository;

beforeAll(async () => {
  ensurePrograms('Starting arm64 packages', [
    ['qemu-aarch64-static', 'qemu-user-static'],
    [`${SYSTEM}/lib/libc.so.6`, 'libc6-arm64-cross'],
    [`${SYSTEM}/lib/libstdc++.so.6`, 'libstdc++6-arm64-cross'],
    [`${SYSTEM}/lib/libatomic.so.1`, 'libatomic1-arm64-cross'],
  ]);
  folder = mkdtempSync(join(tmpdir(), 'linux-patch-arm64-'));
  repository = await buildToyRepository({ folder: join(folder, 'repository') });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Arguments of qemu that start a program of the arm64 packages. */
function emulated(name: string): string[] {
  const library = join(unpackDeb(inject('packages'), name, 'arm64'), 'usr/lib', name);
  return ['-L', SYSTEM, join(library, 'node'), join(library, `${name}.cjs`)];
}

async function newHost(): Promise<LabHost> {
  const root = join(folder, 'host');
  return createLabHost({ root, name: 'arm.lab.test', address: '127.0.0.1', repository });
}

describe('the arm64 packages, under emulation', () => {
  it.each(['linux-patch-api', 'linux-patch-manager'])('%s starts and says its version', async (name) => {
    const result = await runProgram('qemu-aarch64-static', [...emulated(name), '--version']);
    expect([result.stdout.trim(), result.exitCode]).toEqual([VERSION, 0]);
  });

  it('the agent answers its manager over mutually authenticated TLS', async () => {
    const host = await newHost();
    const certificates = join(host.root, 'etc/linux_patch_api/certs');
    const identity = await makeOpensslIdentity({
      folder: certificates,
      fqdn: host.name,
      address: host.address,
    });
    await host.configure(`server: { bind: ${host.address}, port: ${host.port} }\n`);
    const allowed = join(host.root, 'etc/linux_patch_api/whitelist.yaml');
    await runProgram('sh', ['-c', `printf 'entries: [127.0.0.1]\\n' >"$1"`, 'sh', allowed]);
    const lines: string[] = [];
    await using agent = startProgram({
      program: 'qemu-aarch64-static',
      args: [...emulated('linux-patch-api'), '--root', host.root],
      logFile: join(folder, 'agent.log'),
      onLine: (line) => void lines.push(line),
    });
    void agent.exited.then((code) => lines.push(`the agent ended with ${code}`));
    await expect.poll(() => lines.join('\n'), { timeout: 240_000 }).toContain('Listening on');
    const client = [
      '--cacert',
      identity.ca,
      '--cert',
      identity.clientCertificate,
      '--key',
      identity.clientKey,
    ];
    const url = `https://127.0.0.1:${host.port}/health`;
    const answer = await runProgram('curl', ['-sS', '--max-time', '60', '--tlsv1.3', ...client, url]);
    expect(answer.exitCode, answer.stderr).toBe(0);
    // The kernel starts no arm64 program for the emulated agent, so packages have no worker here, and health says that.
    const { data } = JSON.parse(answer.stdout);
    const { package_manager: _packages, package_cache: _lists, ...others } = data.checks;
    expect([data.version, new Set(Object.values(others))]).toEqual([VERSION, new Set(['ok'])]);
  }, 300_000);

  it('the worker answers a question on its standard input', async () => {
    const [system, root, node, agent] = emulated('linux-patch-api');
    const worker = join(agent!, '../linux-patch-worker.cjs');
    const question = `printf '{"v":1,"op":"faults"}\\n' | "$@" | cat`;
    const words = ['qemu-aarch64-static', system!, root!, node!, worker, 'request', '--root', folder];
    const { stdout, stderr } = await runProgram('sh', ['-c', question, 'sh', ...words, '--backend', 'auto']);
    expect(JSON.parse(stdout), stderr).toMatchObject({ ok: true, value: { packages: 'missing' } });
  }, 300_000);
});
