import process from 'node:process';
import { afterAll, expect } from 'vitest';

/** What the next file of tests in this process would find changed. */
function kept(): unknown {
  return { environment: { ...process.env }, folder: process.cwd(), umask: process.umask() };
}

const before = kept();
afterAll(() => {
  expect(kept(), 'a file of tests leaves its process as it was; else it belongs into OWN_PROCESS').toEqual(
    before,
  );
});
