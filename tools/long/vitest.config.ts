import { defineConfig } from 'vitest/config';
import { LONG_SUITES } from '../../vitest.config.ts';

/** What enumerates: thorough rather than quick, so it is not part of `npm test`. */
export default defineConfig({
  test: {
    include: [...LONG_SUITES],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A thing that is looked for comes when the machine has time for it.
    expect: { poll: { timeout: 200_000 } },
    pool: 'forks',
    maxWorkers: '100%',
  },
});
