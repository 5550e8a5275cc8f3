import { expect, it } from 'vitest';
import { createAnswerBudget } from './answer-budget.ts';

const REASON = /largest of many/;

it('the greediest of many answers gives way, and the others go on', () => {
  const budget = createAnswerBudget(100);
  const ended: string[] = [];
  const begin = (name: string) => budget.begin((reason) => ended.push(`${name}: ${reason.message}`));
  const [greedy, modest] = [begin('greedy'), begin('modest')];
  greedy.add(60);
  modest.add(30);
  modest.add(20);
  expect(ended).toEqual([expect.stringMatching(/^greedy: .*largest of many/)]);
  expect(() => greedy.add(1)).toThrow(REASON);
  modest.add(50);
  expect(() => modest.add(1)).toThrow(REASON);
});

it('what was read is free again', () => {
  const budget = createAnswerBudget(100);
  for (let count = 0; count < 10; count += 1) {
    using reading = budget.begin(() => expect.unreachable());
    reading.add(90);
  }
});
