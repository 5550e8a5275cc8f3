import { systemRandom } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { createPasswordWork } from './password-work.ts';

const PASSWORD = 'correct horse battery';

describe('the work with passwords', () => {
  it('tells the right password from a wrong one, and from nobody’s', async () => {
    const work = createPasswordWork(systemRandom);
    const stored = await work.hash(PASSWORD);
    expect(await work.matches(stored, PASSWORD, false)).toBe(true);
    expect(await work.matches(stored, `${PASSWORD}.`, true)).toBe(false);
    expect(await work.matches(undefined, PASSWORD, false)).toBe(false);
    expect(await work.matches('in no form', PASSWORD, false)).toBe(false);
  });

  it('lets so many wait, and those who were here before pass strangers', async () => {
    const work = createPasswordWork(systemRandom);
    const stored = await work.hash(PASSWORD);
    const done: string[] = [];
    const ask = (who: string, isKnown: boolean) =>
      work.matches(stored, PASSWORD, isKnown).then(
        () => void done.push(who),
        (error: { readonly code?: string }) => void done.push(`${who} ${error.code}`),
      );
    const strangers = Array.from({ length: 40 }, () => ask('stranger', false));
    const known = ask('known', true);
    await Promise.all([...strangers, known]);
    expect(done.filter((one) => one === 'stranger RATE_LIMIT_EXCEEDED')).toHaveLength(6);
    const worked = done.filter((one) => !one.endsWith('EXCEEDED'));
    expect(worked).toHaveLength(35);
    // It came last; two were under way, and a busy machine may end others sooner that began beside it.
    expect(worked.indexOf('known')).toBeLessThan(worked.length / 2);
  });
});
