import { defineConfig } from 'vitest/config';

/** Tests of the packages themselves; they build, so they are not part of `npm test`. */
export default defineConfig({
  test: {
    include: ['packaging/test/**/*.test.ts'],
    globalSetup: ['packaging/test/build-once.ts'],
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
    pool: 'forks',
    experimental: { viteModuleRunner: false, nodeLoader: false },
  },
});
