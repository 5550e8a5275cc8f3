import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlanStep } from '@linux-patch/contract';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPlannedSteps } from './planned-steps.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const step = (name: string): PlanStep => ({
  action: 'upgrade',
  name,
  architecture: 'amd64',
  from: '1',
  to: '2',
  purge: false,
  asked: true,
});
const hashOf = (number: number) => number.toString(16).padStart(64, '0');

describe('the steps of a plan', () => {
  it('are known again by its hash, also by another process of the worker', async () => {
    await openPlannedSteps(systemFiles, folder.path).remember({ hash: hashOf(1), steps: [step('toylib')] });
    const later = openPlannedSteps(systemFiles, folder.path);
    expect(await later.find(hashOf(1))).toEqual([step('toylib')]);
    expect([await later.find(hashOf(2)), await later.find(undefined)]).toEqual([undefined, undefined]);
  });

  it('are nothing where the disk gave something else back', async () => {
    const plans = openPlannedSteps(systemFiles, folder.path);
    await plans.remember({ hash: hashOf(1), steps: [] });
    for (const text of ['', '{"v":1', '{"v":2}']) {
      await writeFile(join(folder.path, 'plans', `${hashOf(1)}.json`), text);
      expect([text, await plans.find(hashOf(1))]).toEqual([text, undefined]);
    }
  });

  it('are kept of the last 32 plans, so that whoever asks for plans fills no disk', async () => {
    const plans = openPlannedSteps(systemFiles, folder.path);
    for (let number = 0; number < 40; number += 1) {
      await plans.remember({ hash: hashOf(number), steps: [] });
      await utimes(join(folder.path, 'plans', `${hashOf(number)}.json`), number, number);
    }
    expect(await readdir(join(folder.path, 'plans'))).toHaveLength(32);
    expect([await plans.find(hashOf(7)), await plans.find(hashOf(39))]).toEqual([undefined, []]);
  });
});
