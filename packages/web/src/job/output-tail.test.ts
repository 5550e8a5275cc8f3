import { expect, it } from 'vitest';
import { addOutput, NO_OUTPUT } from './output-tail.ts';

it('of a hundred megabytes of output the newest whole lines are held', () => {
  let tail = addOutput(NO_OUTPUT, 'first line');
  expect(tail).toEqual({ text: 'first line', isCut: false });
  for (let megabyte = 0; megabyte < 100; megabyte += 1)
    tail = addOutput(tail, `${'a line of output\n'.repeat(61_680)}${megabyte}`);
  expect(tail.text.length).toBeLessThanOrEqual(64 * 1024);
  expect(tail.text).toMatch(/^a line of output\n/);
  expect(tail.text).toMatch(/\n99$/);
  expect(tail.isCut).toBe(true);
  expect(addOutput(NO_OUTPUT, 'x'.repeat(200_000)).text.length).toBe(64 * 1024);
});
