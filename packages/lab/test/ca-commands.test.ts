import { join } from 'node:path';
import { AuthorityStatus } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MANAGER_PROGRAM } from '../src/checkout.ts';
import { type ManagerProcess, runProgram, startManagerProcess } from '../src/index.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let manager: ManagerProcess;

beforeAll(async () => {
  folder = await temporaryFolder();
  manager = await startManagerProcess(join(folder.path, 'manager'));
});
afterAll(async () => {
  await manager[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const ca = (...args: string[]) => runProgram(MANAGER_PROGRAM, ['--root', manager.root, 'ca', ...args]);

describe('linux-patch-manager ca', () => {
  it('shows the CA with its pin, and says when it has to be replaced', async () => {
    const { stdout, exitCode } = await ca('status');
    expect(exitCode).toBe(0);
    expect(stdout).toContain(manager.caFingerprint);
    expect(stdout).toMatch(/Rotation +no rotation is under way/);
    expect(stdout).toMatch(/Replace the root +in \d+ days/);
    expect((await ca('show')).stdout).toBe(stdout);
  });

  it('says with exit code 5 which step is next when one is not', async () => {
    for (const step of ['continue', 'rollback', 'finish']) {
      const { exitCode, stderr } = await ca('rotate', step);
      expect([step, exitCode]).toEqual([step, 5]);
      expect(stderr).toContain('ca rotate start');
    }
  });

  it('replaces the root, and goes on working by itself with the new one', async () => {
    for (const [step, shown] of [
      ['start', '1 of 3'],
      ['continue', '2 of 3'],
      ['continue', '3 of 3'],
      ['finish', 'no rotation is under way'],
    ] as const) {
      const { stdout, exitCode, stderr } = await ca('rotate', step);
      expect([step, exitCode, stderr]).toEqual([step, 0, '']);
      expect(stdout).toContain(shown);
    }
    const { authorities, own_certificates: own } = AuthorityStatus.parse(await manager.json('ca', 'status'));
    expect(authorities.map((one) => [one.id, one.role, one.issues_to.join()])).toEqual([
      ['ca-2', 'current', 'manager,hosts'],
      ['ca-1', 'retired', ''],
    ]);
    expect(authorities[1]?.fingerprint).toBe(manager.caFingerprint);
    expect(own.map((one) => one.authority)).toEqual(['ca-2', 'ca-2']);
  });
});
