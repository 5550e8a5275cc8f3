import { defineConfig } from 'vitest/config';
import { EVERY_SUITE, ONE_PROCESS, PAGE_SUITES } from '../../vitest.config.ts';

/** The manager's page in a real browser, over a real manager with real agents. */
export default defineConfig({
  test: {
    ...EVERY_SUITE,
    include: [...PAGE_SUITES],
    globalSetup: ['tools/page/ensure-browser.ts', 'tools/page/build-once.ts'],
    ...ONE_PROCESS,
    maxWorkers: 1,
  },
});
