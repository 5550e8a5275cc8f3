import { expect, it } from 'vitest';
import { adviceAfter, sayWhile } from './patience.ts';

it('says what is waited for while it is waited for, and not a word when it comes at once', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const line = await sayWhile({ say: resolve, everyMs: 1 }, 'the host code of amber', promise);
  expect(line).toMatch(
    /^ {3}still waiting for the host code of amber, for \d+ s; this machine has a load of \d+\.\d on \d+ processors$/,
  );
  const said: string[] = [];
  expect(await sayWhile({ say: (one) => said.push(one) }, 'nothing', Promise.resolve(7))).toBe(7);
  expect(said).toEqual([]);
});

it('fails as what it waits for fails', async () => {
  const work = Promise.reject(new Error('gave up'));
  await expect(sayWhile({ say: () => {} }, 'it', work)).rejects.toThrow('gave up');
});

it('says after a failure where to look, and what to do', () => {
  expect(adviceAfter('/demo')).toMatch(/\/demo\/world\/manager\/manager\.log.*\n.*start the demo once more/);
});
