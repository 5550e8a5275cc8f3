import { defineConfig } from 'vitest/config';
import { EVERY_SUITE, INTEGRATION_SUITES, NO_INTEGRATION } from '../../vitest.config.ts';

/** Real programs and package databases: many starts of processes, so it is not part of `npm test`. */
export default defineConfig({
  test: { ...EVERY_SUITE, include: [...INTEGRATION_SUITES], exclude: [...NO_INTEGRATION] },
});
