import { expect, it } from 'vitest';
import { createSequence } from './sequence.ts';

it('each piece of work begins when the one before has ended, also by a fault, and each caller gets what became of its own', async () => {
  const sequence = createSequence();
  const seen: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const first = sequence.run(async () => {
    seen.push('first begins');
    await gate;
    seen.push('first ends');
    throw new Error('a fault');
  });
  const second = sequence.run(() => {
    seen.push('second');
    return 2;
  });
  const settled = sequence.settled().then(() => seen.push('settled'));
  await Promise.resolve();
  expect(seen).toEqual(['first begins']);
  open();
  await expect(first).rejects.toThrow('a fault');
  await expect(second).resolves.toBe(2);
  await settled;
  expect(seen).toEqual(['first begins', 'first ends', 'second', 'settled']);
});
