import type { HintTopic } from '@linux-patch/contract';
import { ManualClock } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { createHints } from './hints.ts';

const ALL: readonly HintTopic[] = ['hosts', 'jobs', 'audit'];

/** Hints that are told by a loop of their own, until the test ends. */
async function running() {
  const clock = new ManualClock();
  const hints = createHints({ clock, epoch: 'now' });
  const stopping = new AbortController();
  const loop = hints.run(stopping.signal);
  await clock.waitForSleepers();
  return {
    clock,
    hints,
    async change(...topics: HintTopic[]) {
      const turn = hints.turn();
      hints.changed(new Set(topics));
      return turn;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await loop;
    },
  };
}

it('tells of a change at once, and of what comes within a second after it together', async () => {
  await using world = await running();
  const { hints, clock } = world;
  const start = hints.since(undefined, ALL).id;
  await world.change('hosts');
  const first = hints.since(start, ALL);
  expect(first.changed).toEqual(['hosts']);
  const turn = world.change('jobs');
  hints.changed(new Set(['hosts', 'jobs']));
  await clock.advance(999);
  expect(hints.since(first.id, ALL).changed).toEqual([]);
  await clock.advance(1);
  await turn;
  const second = hints.since(first.id, ALL);
  expect(second.changed).toEqual(['hosts', 'jobs']);
  expect(hints.since(second.id, ALL).changed).toEqual([]);
});

it('tells nobody of topics that are not theirs', async () => {
  await using world = await running();
  const { id } = world.hints.since(undefined, ['hosts']);
  await world.change('audit');
  expect(world.hints.since(id, ['hosts']).changed).toEqual([]);
});

it.each([undefined, '', 'before/1', 'now/1', 'now/-1', 'now/0x0', 'now', '/', 'now/99999999999999999999'])(
  'says that everything may have changed to who comes with %j',
  async (after) => {
    await using world = await running();
    expect(world.hints.since(after, ALL)).toEqual({ id: 'now/0', changed: ['all'] });
  },
);

it('lets nobody wait any more when it is over', async () => {
  const world = await running();
  const turn = world.hints.turn();
  await world[Symbol.asyncDispose]();
  await Promise.all([turn, world.hints.turn()]);
  expect(world.hints.isOver).toBe(true);
});
