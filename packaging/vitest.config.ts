import { defineConfig } from 'vitest/config';

/** Tests of the packages themselves; they build, so they are not part of `npm test`. */
export default defineConfig({
  test: {
    include: ['packaging/test/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
  },
});
