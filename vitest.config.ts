import { configDefaults, defineConfig } from 'vitest/config';

/** Run by `npm run test:long`: what goes through every place, state, signal, trick, rule or package manager, and simulates years. */
export const LONG_SUITES = [
  'packages/lab/test/crash/*.test.ts',
  'packages/lab/test/attacks/*.test.ts',
  'packages/lab/src/renewals/*.test.ts',
  'packages/manager/test/ca-crash.test.ts',
  'packages/manager/test/ten-years.test.ts',
  'packages/manager/test/killed-*.test.ts',
  'packages/manager/test/upgraded.test.ts',
  'packages/manager/test/oidc-refusals.test.ts',
  'packages/manager/test/passkey-attacks.test.ts',
  'packages/agent/test/http/rotation-load.test.ts',
  'packages/agent/test/http/fuzzed-routes.test.ts',
  'packages/agent/src/identity/store/store.test.ts',
  'packages/agent/test/doctor/broken-states.test.ts',
  'packages/agent/test/enrollment/job-key-crash.test.ts',
  'packages/agent/test/start/stopping.test.ts',
  'packages/agent/test/start/working-identity.test.ts',
  'packages/lab/test/signals.test.ts',
  'packages/lab/test/secrets.test.ts',
  'packages/lab/test/ca-rotation.test.ts',
  'packages/lab/test/signed-jobs.test.ts',
  // These need root: rpm and pacman change their root to each private one.
  'packages/lab/test/dnf-adapter.test.ts',
  'packages/lab/test/zypper-adapter.test.ts',
  'packages/lab/test/pacman-adapter.test.ts',
  'packages/lab/test/package-conformance.test.ts',
  // Runs the tools of `npm run check` over a copy of the sources with breaches of their rules.
  'tools/check.test.ts',
];

/** Of the integration, the one that a newcomer's run has: real programs find each other, and a host joins. */
const JOINING = 'packages/lab/test/joining.test.ts';

/** Units that are held against real package managers, which they start hundreds of times. */
const HELD_AGAINST_REAL_ONES = [
  'packages/lab/src/apt/*.test.ts',
  'packages/manager/src/inventory/*version-key.test.ts',
];

/** Run by `npm run test:integration`: the two programs as processes, and apt, dpkg and gpgv in private roots. */
export const INTEGRATION_SUITES = ['packages/lab/test/*.test.ts', ...HELD_AGAINST_REAL_ONES];

/** Of these, those of private roots, which follow each other in one process. */
export const PACKAGE_SUITES = ['packages/lab/test/{apt,worker}-*.test.ts', ...HELD_AGAINST_REAL_ONES];

export const NO_INTEGRATION = [...configDefaults.exclude, ...LONG_SUITES, JOINING];

/** Run by `npm run test:postgresql`, which starts the server that they need. */
const POSTGRESQL_SUITES = 'packages/manager/test/postgresql/**';

/** Run by `npm run test:web`: the manager's page in a browser. */
export const PAGE_SUITES = ['packages/lab/test/page/*.test.ts'];

/**
 * What is kept for all of a process cannot be put back in these: the flags of the engine, the CAs of the system, and a date that
 * has to be that of the files on disk.
 */
const OWN_PROCESS = [
  'packages/runtime/src/node/process-memory.test.ts',
  'packages/agent/test/enrollment/system-trust.test.ts',
  'packages/agent/test/status/status.test.ts',
  'packages/manager/test/remote-command-line.test.ts',
];

/**
 * The others keep nothing that outlives them, so they follow each other in one process and load the sources once: a fifth
 * less work.
 */
export const ONE_PROCESS = { isolate: false, setupFiles: ['tools/compile-cache.ts', 'tools/one-process.ts'] };

const ELSEWHERE = [
  ...configDefaults.exclude,
  ...LONG_SUITES,
  ...HELD_AGAINST_REAL_ONES,
  ...PAGE_SUITES,
  POSTGRESQL_SUITES,
];

/** What holds for every suite. */
export const EVERY_SUITE = {
  // Only for a test that hangs: it fails alone. Waits end when what they wait for can no longer come.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  // A thing that is looked for comes when the machine has time for it.
  expect: { poll: { timeout: 200_000 } },
  // Whoever reads of a failure in a log has only its line: what a program printed instead belongs into it.
  chaiConfig: { truncateThreshold: 2_000 },
  pool: 'forks',
  // The engine reads the sources as it does in the product: nothing of ours is replaced or rewritten in a test.
  experimental: { viteModuleRunner: false, nodeLoader: false },
  setupFiles: 'tools/compile-cache.ts',
  // A young generation of 16 MB from the start: a tenth less of the processor goes to collecting what tests throw away.
  execArgv: ['--min-semi-space-size=16'] as string[],
  // By default one core is left idle, of two.
  maxWorkers: '100%',
} as const;

export default defineConfig({
  test: {
    ...EVERY_SUITE,
    projects: [
      {
        extends: true,
        test: {
          name: 'components',
          include: ['packages/!(lab)/test/**/*.test.ts', JOINING, 'tools/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...OWN_PROCESS],
          ...ONE_PROCESS,
        },
      },
      {
        extends: true,
        test: {
          name: 'units',
          include: ['packages/*/src/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...OWN_PROCESS],
          ...ONE_PROCESS,
        },
      },
      { extends: true, test: { name: 'own process', include: OWN_PROCESS } },
    ],
  },
});
