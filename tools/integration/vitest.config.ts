import { defineConfig } from 'vitest/config';
import {
  EVERY_SUITE,
  INTEGRATION_SUITES,
  NO_INTEGRATION,
  ONE_PROCESS,
  PACKAGE_SUITES,
} from '../../vitest.config.ts';

/** Real programs and package databases: many starts of processes, so it is not part of `npm test`. */
export default defineConfig({
  test: {
    ...EVERY_SUITE,
    projects: [
      {
        extends: true,
        test: {
          name: 'programs',
          include: [...INTEGRATION_SUITES],
          exclude: [...NO_INTEGRATION, ...PACKAGE_SUITES],
        },
      },
      {
        extends: true,
        test: { name: 'packages', include: [...PACKAGE_SUITES], ...ONE_PROCESS },
      },
    ],
  },
});
