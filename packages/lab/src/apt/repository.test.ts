import { createHash } from 'node:crypto';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../process.ts';
import { createPrivateAptRoot, type PrivateAptRoot } from './private-root.ts';
import { buildToyRepository, type ToyRepository } from './repository.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: ToyRepository;
let roots = 0;

const hostStatus = (): string =>
  createHash('sha256').update(readFileSync('/var/lib/dpkg/status')).digest('hex');
const hostBefore = hostStatus();

beforeAll(async () => {
  folder = await temporaryFolder();
  chmodSync(folder.path, 0o755);
  repository = await buildToyRepository({ folder: join(folder.path, 'repository') });
});
afterAll(() => folder[Symbol.asyncDispose]());

function newRoot(): Promise<PrivateAptRoot> {
  roots += 1;
  return createPrivateAptRoot({ folder: join(folder.path, `root${roots}`), repository });
}

describe('a toy repository and a private root', () => {
  it('are accepted by the real apt and dpkg, before and after an update', async () => {
    const root = await newRoot();
    await root.update();
    await root.install(['toyapp', 'toyheld', 'toyphased']);
    expect((await root.run('dpkg-query', '-W', '-f', '${Package} ${Version}\n')).stdout).toBe(
      'toyapp 1.0-1\ntoyheld 1.0-1\ntoylib 1.0-1\ntoyphased 1.0-1\n',
    );
    await repository.publishUpdates();
    await root.update();
    await root.run('apt-mark', 'hold', 'toyheld');
    const simulated = (await root.run('apt-get', '-s', 'upgrade')).stdout;
    expect(simulated).toContain('Inst toylib [1.0-1] (1.0-1+deb12u1 Debian-Security:stable-security [all])');
    expect(simulated).not.toContain('Inst toyheld');
    expect(simulated).not.toContain('Inst toyphased');
  });

  it('refuse a repository whose signature is broken', async () => {
    const broken = await buildToyRepository({ folder: join(folder.path, 'broken') });
    await broken.breakSignature();
    const root = await createPrivateAptRoot({ folder: join(folder.path, 'broken-root'), repository: broken });
    await expect(root.update()).rejects.toThrow(/ended with 100.*(BADSIG|not signed)/s);
  });

  it('report a maintainer script that fails', async () => {
    const root = await newRoot();
    await root.update();
    await expect(root.install(['toybroken'])).rejects.toThrow(/ended with 100/);
  });

  it('work without root', async () => {
    const own = join(folder.path, 'unprivileged');
    await mkdir(own);
    if (process.getuid?.() === 0) chownSync(own, 65_534, 65_534);
    const script = [
      `import { createPrivateAptRoot } from '${join(import.meta.dirname, 'private-root.ts')}';`,
      `const root = await createPrivateAptRoot({ folder: '${own}/root', repository: ${JSON.stringify({ ...repository })} });`,
      "await root.update(); await root.install(['toyhello']);",
      "process.stdout.write((await root.run('dpkg-query', '-W')).stdout);",
    ].join('\n');
    const node = [process.execPath, '--input-type=module-typescript', '-e', script];
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', ...node];
    const result = await (process.getuid?.() === 0
      ? runProgram('setpriv', asNobody)
      : runProgram(node[0] ?? 'node', node.slice(1)));
    expect(result.stdout, result.stderr).toMatch(/toyhello\t1\.[01]-1/);
  });

  it('leave the machine as it was', async () => {
    expect(hostStatus()).toBe(hostBefore);
    expect((await readdir('/usr/share')).filter((name) => name.startsWith('toy'))).toEqual([]);
  });
});
