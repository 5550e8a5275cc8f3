import { configDefaults, defineConfig } from 'vitest/config';
import { EVERY_SUITE, LONG_SUITES, ONE_PROCESS } from '../../vitest.config.ts';

/** What these show does not depend on the kind of database; `npm test` runs them. */
const NOT_ABOUT_RECORDS = [
  // Answers, connections and the page.
  'http',
  'https-call',
  'kept-connections',
  'other-sites',
  'page',
  'server-limits',
  // Files of the authority, of the configuration and of what hosts install.
  'annotated-files',
  'configuration',
  'install',
  'install-script',
  'local-socket',
  'lost-files',
  'own-certificates',
  'refused-names',
  'unmarked-certificates',
  'authority',
  // What reboots want of a host.
  'reboot-need',
  // Every rule of every route, which are asked before any record is.
  'roles',
  'routes',
  // Loads and limits, which are other ones there.
  'full-disk',
  // The file of SQLite that an earlier release left.
  'upgraded',
  // Words of the command line, which calls what the other tests call.
  '*command-line',
];

/** Reads the CAs of the system, which a process does once. */
const OWN_PROCESS = 'packages/manager/test/postgresql/ways-to-the-server.test.ts';

/** The tests of the manager's records, its database being one of PostgreSQL, and those of PostgreSQL itself. */
export default defineConfig({
  test: {
    ...EVERY_SUITE,
    globalSetup: ['tools/postgresql/make-template.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'records',
          include: [
            'packages/manager/src/database/transactions.test.ts',
            'packages/manager/test/**/*.test.ts',
          ],
          exclude: [
            ...configDefaults.exclude,
            ...LONG_SUITES,
            ...NOT_ABOUT_RECORDS.map((name) => `packages/manager/test/${name}.test.ts`),
            OWN_PROCESS,
          ],
          ...ONE_PROCESS,
        },
      },
      { extends: true, test: { name: 'own process', include: [OWN_PROCESS] } },
    ],
  },
});
