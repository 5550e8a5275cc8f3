import { describe, expect, it } from 'vitest';
import { admit } from './admit.ts';

/** A package manager that refuses sets in which one of these lacks what it needs. */
function solver(needs: Readonly<Record<string, readonly string[]>>) {
  let questions = 0;
  return {
    asked: () => questions,
    refusal: async (items: readonly string[]): Promise<string | undefined> => {
      questions += 1;
      const bad = items.find((item) => needs[item]?.some((one) => !items.includes(one)));
      return bad === undefined ? undefined : `${bad} does not fit`;
    },
  };
}

const many = (count: number, prefix = 'p') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('finding what fits together', () => {
  it('asks once where all do', async () => {
    const { refusal, asked } = solver({});
    const likely = many(300);
    const { admitted, refused } = await admit({ likely, doubtful: [], refusal, undecided: '?' });
    expect([admitted, refused, asked()]).toEqual([likely, [], 1]);
  });

  it('leaves out only what does not fit, with its own reason, and asks few times', async () => {
    const { refusal, asked } = solver({ p17: ['nothing'], p211: ['nothing'], d0: ['nothing'] });
    const given = { likely: many(300), doubtful: ['d0', 'd1'], undecided: '?' };
    const { admitted, refused } = await admit({ ...given, refusal });
    expect(admitted).toHaveLength(299);
    expect(refused.map((one) => one.reason)).toEqual([
      'p17 does not fit',
      'p211 does not fit',
      'd0 does not fit',
    ]);
    expect(asked()).toBeLessThan(50);
  });

  it('asks again for what needed something that came in later', async () => {
    const { refusal } = solver({ a: ['z'], bad: ['nothing'] });
    const given = { likely: ['a', 'bad', 'c', 'z'], doubtful: [], undecided: '?' };
    const { admitted, refused } = await admit({ ...given, refusal });
    expect(admitted.toSorted()).toEqual(['a', 'c', 'z']);
    expect(refused.map((one) => one.item)).toEqual(['bad']);
  });

  it('ends however much does not fit', async () => {
    const needs = Object.fromEntries(many(1_000).map((name) => [name, ['nothing']]));
    const { refusal, asked } = solver(needs);
    const { admitted, refused } = await admit({
      likely: many(1_000),
      doubtful: many(500, 'd'),
      refusal,
      undecided: 'not asked',
    });
    expect(asked()).toBeLessThanOrEqual(64);
    expect(admitted.length + refused.length).toBe(1_500);
    expect(refused.at(-1)?.reason).toBe('not asked');
  });
});
