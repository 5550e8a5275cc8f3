import { defineConfig } from 'vitest/config';
import { PAGE_SUITES } from '../../vitest.config.ts';

/** The manager's page in a real browser, over a real manager with real agents. */
export default defineConfig({
  test: {
    include: [...PAGE_SUITES],
    globalSetup: ['tools/page/ensure-browser.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 200_000 } },
    pool: 'forks',
    maxWorkers: 1,
  },
});
