import { once } from 'node:events';
import { expect, it } from 'vitest';
import { runWithinLimit } from './case-limit.ts';

/** For cases that end by themselves. */
const AMPLE_MS = 3_600_000;

interface World extends AsyncDisposable {
  readonly over: AbortSignal;
}

/** A world that writes down what becomes of it. */
function bench() {
  const said: string[] = [];
  const open = (over: AbortSignal): World => {
    over.addEventListener('abort', () => said.push('over'));
    return {
      over,
      async [Symbol.asyncDispose]() {
        said.push('closed');
      },
    };
  };
  return { said, open };
}

it('a case that never ends fails when its limit is over, and its world is closed', async () => {
  const { said, open } = bench();
  const running = runWithinLimit(20, open, () => new Promise(() => {}));
  await expect(running).rejects.toThrow('not done after 0.02 s; what it had started was ended');
  expect(said).toEqual(['over', 'closed']);
});

it('a case that fails only because its world went is told as one that was not done', async () => {
  const { said, open } = bench();
  const running = runWithinLimit(20, open, async ({ over }): Promise<void> => {
    await once(over, 'abort');
    throw new Error('the host is gone');
  });
  await expect(running).rejects.toThrow('not done');
  expect(said).toEqual(['over', 'closed']);
});

it.each([
  ['ends', () => Promise.resolve('measured'), 'measured'],
  ['fails', () => Promise.reject<string>(new Error('gained something')), 'gained something'],
] as const)('a case that %s has its world closed at once', async (_what, run, result) => {
  const { said, open } = bench();
  const running = runWithinLimit(AMPLE_MS, open, run);
  expect(await running.catch((error: Error) => error.message)).toBe(result);
  expect(said).toEqual(['over', 'closed']);
});

it('a world that cannot be opened is the fault that is told', async () => {
  const open = () => Promise.reject<AsyncDisposable>(new Error('no memory'));
  await expect(runWithinLimit(AMPLE_MS, open, async () => {})).rejects.toThrow('no memory');
});
