import { describe, expect, it } from 'vitest';
import { whoGivesWay } from './queue.ts';

const LIMIT = 10;
const queue = (own: number, all: number, most: number) => ({
  own,
  all,
  greediest: { caller: 'greedy', waiting: most },
});

describe('a request for the queue', () => {
  it.each([
    ['finds room', queue(2, 9, 7), undefined],
    ['of a caller that has half of it replaces one of its own', queue(5, 5, 5), { caller: 'me' }],
    ['takes the place of the greediest when it is full', queue(0, 10, 4), { caller: 'greedy' }],
    ['of the greediest itself replaces one of its own', queue(4, 10, 4), { caller: 'me' }],
    ['takes nobody’s only place, but one that nobody waits for', queue(0, 10, 1), {}],
  ])('%s', (_what, state, loser) => {
    expect(whoGivesWay(state, 'me', LIMIT)).toEqual(loser);
  });
});
