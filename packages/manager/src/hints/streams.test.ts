import { expect, it } from 'vitest';
import { createStreams } from './streams.ts';

it('gives the place of the oldest stream of a caller to the ninth, and nobody else’s', () => {
  const streams = createStreams();
  const other = streams.take('other');
  const own = Array.from({ length: 9 }, () => streams.take('own'));
  expect([other, ...own].map(({ replaced }) => replaced.aborted)).toEqual([
    false,
    true,
    ...Array.from({ length: 8 }, () => false),
  ]);
});

it('refuses the thousand and first stream, until another one is given up', () => {
  const streams = createStreams();
  const places = Array.from({ length: 1_000 }, (_, number) => streams.take(`caller ${number}`));
  expect(() => streams.take('one more')).toThrow(expect.objectContaining({ code: 'RATE_LIMIT_EXCEEDED' }));
  // One is given up twice, as when its caller hangs up while it ends.
  for (let time = 0; time < 2; time += 1) places[0]?.[Symbol.dispose]();
  streams.take('one more');
  expect(() => streams.take('yet another')).toThrow(/1000 streams/);
});
