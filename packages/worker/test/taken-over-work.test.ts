import { execFile } from 'node:child_process';
import { link, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nodeCommands, systemClock, systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sessionService } from '../src/detached/service.ts';
import { createTakenOverWork } from '../src/detached/taken-over-work.ts';
import { createDetachedWork } from '../src/detached/work.ts';
import type { ChangePlan } from '../src/package-interface/change-plan.ts';

const JOB = 'a-job';
const PLAN: ChangePlan = {
  v: 1,
  what: 'earlier',
  startedAtMs: 1,
  before: [],
  wishes: [],
  autoMarked: [],
  left: [],
};

/** What an earlier release left of a job whose program has ended, in a folder that others may write to now. */
async function takenOver() {
  const { path, ...folder } = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const earlier = join(path, 'earlier', JOB);
  await mkdir(earlier, { recursive: true });
  const lay = (name: string, text: string) => writeFile(join(earlier, name), text);
  await lay('plan.json', JSON.stringify(PLAN));
  await lay('stdout', 'as it was\n');
  for (const name of ['stderr', 'status']) await lay(name, '');
  await lay('exit', '0\n');
  const secret = join(path, 'secret');
  await writeFile(secret, 'root alone reads this\n');
  const files = Object.assign({}, systemFiles, systemFiles.plain);
  const doors = { clock: systemClock, service: sessionService(nodeCommands({}), systemFiles) };
  const own = createDetachedWork({ ...doors, files: systemFiles, folder: join(path, 'own') });
  const work = createTakenOverWork(
    own,
    createDetachedWork({ ...doors, files, folder: join(path, 'earlier') }),
  );
  const follow = async () => {
    const lines: string[] = [];
    const signal = new AbortController().signal;
    const wish = { timeoutMs: 10_000, signal, onLine: (line: string) => void lines.push(line) };
    const { exitCode } = await work.of(JOB).follow(wish);
    return { lines, exitCode };
  };
  return { path, earlier, secret, work, follow };
}

describe('work that an earlier release has begun where others may write now', () => {
  it('is followed to its end there', async () => {
    const { work, follow } = await takenOver();
    expect(await work.stateOf(JOB)).toBe('under_way');
    expect(await work.of(JOB).plan()).toEqual(PLAN);
    expect(await follow()).toEqual({ lines: ['as it was'], exitCode: 0 });
  });

  it.each(['stdout', 'stderr', 'status', 'exit', 'plan.json'])(
    'tells nothing of a file to which somebody has laid a link: %s',
    async (name) => {
      for (const lay of [symlink, link]) {
        const { earlier, secret, work, follow } = await takenOver();
        await rm(join(earlier, name));
        await lay(secret, join(earlier, name));
        const read = async () => [await work.of(JOB).plan(), await follow()];
        await expect(read()).rejects.toMatchObject({ code: lay === link ? 'EINVAL' : 'ELOOP' });
      }
    },
  );

  it('waits for nobody at a pipe', async () => {
    const { earlier, follow } = await takenOver();
    await rm(join(earlier, 'exit'));
    await promisify(execFile)('mkfifo', [join(earlier, 'exit')]);
    await expect(follow()).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it('is lost when what tells of it is gone, and not begun again', async () => {
    const { earlier, work } = await takenOver();
    await rm(earlier, { recursive: true });
    expect(await work.stateOf(JOB)).toBe('lost');
  });

  it('is taken back and begun again where the worker alone writes', async () => {
    const { path, earlier, work } = await takenOver();
    const before = await readdir(earlier);
    await work.of(JOB).withdraw();
    const next = { ...PLAN, what: 'next' };
    await work.of(JOB).begin(next);
    expect(await readdir(earlier)).toEqual(before);
    expect(await readdir(join(path, 'own'))).toEqual([JOB]);
    expect(await work.of(JOB).plan()).toEqual(next);
  });
});
