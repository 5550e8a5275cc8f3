import { expect, it } from 'vitest';
import { stepsOf } from './steps.ts';

it('names the phases in their order, and the last step alone as one that cannot be taken back', () => {
  const steps = stepsOf({ oldCa: 'ca-1', newCa: 'ca-2' });
  expect(steps.map(({ phase }) => phase)).toEqual(['trust', 'manager', 'hosts', undefined]);
  expect(steps.map(({ back }) => /^It can be rolled back\.$/.test(back))).toEqual([true, true, true, false]);
  expect(steps.at(-1)?.does).toBe('ca-1 is removed, and its keys are destroyed');
  expect(steps.at(-1)?.back).toContain('cannot be taken back');
});
