import { configDefaults, defineConfig } from 'vitest/config';
import { EVERY_SUITE, ONE_PROCESS } from '../../vitest.config.ts';

/** What these show is about the file that SQLite keeps, or about what lies beside it. */
const ABOUT_THE_FILE = ['full-disk', 'lost-files', 'upgraded'];
/** These go through every file of the CA, and ten years of renewals. */
const ABOUT_CERTIFICATES = ['ca-crash', 'ten-years'];

/** Read the CAs of the system, which a process does once. */
const OWN_PROCESS = ['remote-command-line', 'postgresql/ways-to-the-server'].map(
  (name) => `packages/manager/test/${name}.test.ts`,
);

/** The tests of the manager, its database being one of PostgreSQL, and those of PostgreSQL itself. */
export default defineConfig({
  test: {
    ...EVERY_SUITE,
    globalSetup: ['tools/postgresql/make-template.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'manager',
          include: [
            'packages/manager/src/database/transactions.test.ts',
            'packages/manager/test/**/*.test.ts',
          ],
          exclude: [
            ...configDefaults.exclude,
            ...[...ABOUT_THE_FILE, ...ABOUT_CERTIFICATES].map(
              (name) => `packages/manager/test/${name}.test.ts`,
            ),
            ...OWN_PROCESS,
          ],
          ...ONE_PROCESS,
        },
      },
      { extends: true, test: { name: 'own process', include: OWN_PROCESS } },
    ],
  },
});
