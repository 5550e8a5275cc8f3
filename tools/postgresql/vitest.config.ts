import { configDefaults, defineConfig } from 'vitest/config';
import { EVERY_SUITE, LONG_SUITES } from '../../vitest.config.ts';

/** The tests of the manager, its database being one of PostgreSQL, and those of PostgreSQL itself. */
export default defineConfig({
  test: {
    ...EVERY_SUITE,
    include: ['packages/manager/src/**/*.test.ts', 'packages/manager/test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...LONG_SUITES],
  },
});
