const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from,
  to: { path: '^packages/([^/]+)/', pathNot: allowed },
});

/** Production sources: not tests, not testing entries. */
const source = (name) => ({ path: `^packages/${name}/src/`, pathNot: '(\\.test\\.ts$|/src/testing/)' });

/**
 * What each room of the agent may import, lowest rooms first. Nobody is below `http`, `cli` and `app`, so nothing but `main.ts`
 * and `app` imports them. A path stands for one file of a room that is to be left: those only get fewer.
 */
const AGENT_ROOMS = {
  audit: [],
  host: [],
  config: ['host'],
  access: ['audit', 'host'],
  'manager-link': ['host'],
  'worker-link': ['audit', 'jobs'],
  identity: ['audit', 'host', 'manager-link'],
  clock: ['audit', 'host', 'identity', 'manager-link'],
  enrollment: ['audit', 'clock', 'host', 'identity', 'manager-link'],
  jobs: ['audit'],
  listings: [],
  health: ['audit', 'identity', 'jobs'],
  metrics: ['audit', 'health'],
  doctor: ['access', 'audit', 'clock', 'config', 'enrollment', 'health', 'host', 'identity', 'manager-link', 'worker-link'],
  leave: ['audit', 'config', 'doctor', 'enrollment', 'host', 'identity', 'manager-link'],
  http: ['access', 'audit', 'health', 'host', 'identity', 'jobs', 'listings', 'metrics'],
  app: ['access', 'audit', 'clock', 'config', 'doctor', 'enrollment', 'health', 'host', 'http', 'identity', 'jobs', 'leave', 'listings', 'manager-link', 'metrics', 'worker-link'],
  cli: ['access', 'app', 'audit', 'clock', 'config', 'doctor', 'enrollment', 'health', 'host', 'identity', 'jobs', 'leave', 'listings', 'manager-link', 'metrics'],
};

/** The same of the worker. Nobody but `app.ts` opens `packages`: others are given what it opens. */
const WORKER_ROOMS = {
  'package-interface': [],
  detached: ['package-interface'],
  packages: ['package-interface'],
  policy: ['package-interface'],
  signature: [],
  instance: [],
  lists: ['package-interface'],
  services: [],
  jobs: ['detached', 'lists', 'package-interface'],
  admission: ['detached', 'instance', 'jobs', 'package-interface', 'requests/answer', 'services', 'signature'],
  requests: ['admission', 'package-interface', 'services', 'signature'],
  run: ['admission', 'detached', 'jobs', 'lists', 'package-interface', 'requests', 'services'],
};

/** The laws of a program's rooms. */
const roomsOf = (program, rooms) => [
  {
    name: `${program}-rooms-are-known`,
    comment: `A new room is entered in ${program.toUpperCase()}_ROOMS.`,
    severity: 'error',
    from: { path: `^packages/${program}/src/[^/]+/`, pathNot: `^packages/${program}/src/(${Object.keys(rooms).join('|')})/` },
    to: {},
  },
  ...Object.entries(rooms).map(([room, others]) => ({
    name: `${program}-room-${room}`,
    comment: `Rooms import only what ${program.toUpperCase()}_ROOMS allows.`,
    severity: 'error',
    from: { path: `^packages/${program}/src/${room}/`, pathNot: '\\.test\\.ts$' },
    to: {
      path: `^packages/${program}/src/`,
      pathNot: `^packages/${program}/src/(${[room, ...others].map((one) => (one.includes('/') ? `${one}\\.ts` : `${one}/`)).join('|')})`,
    },
  })),
];

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('contract-stands-alone', source('contract'), '^packages/contract/', 'The contract imports no other package.'),
    {
      name: 'contract-is-pure',
      comment: 'No I/O, no Node modules in the contract.',
      severity: 'error',
      from: source('contract'),
      to: { dependencyTypes: ['core'] },
    },
    only('runtime-imports-contract-only', source('runtime'), '^packages/(runtime|contract)/', ''),
    only('pki-imports-contract-only', source('pki'), '^packages/(pki|contract)/', ''),
    only('http-imports-base-only', source('http'), '^packages/(http|contract|runtime)/', ''),
    only('worker-imports-base-only', source('worker'), '^packages/(worker|contract|runtime|pki)/', 'The worker knows nothing of the agent, nor of the network.'),
    only('agent-shares-only-the-base', source('agent'), '^packages/((agent|contract|runtime|pki|http)/|worker/src/index\\.ts$)', 'Agent and manager never import each other; of the worker the agent sees the entry alone.'),
    only('manager-shares-only-the-base', source('manager'), '^packages/(manager|contract|runtime|pki|http)/', 'Agent and manager never import each other.'),
    only('web-shares-only-the-contract', { path: '^packages/web/' }, '^packages/(web|contract)/', 'The page knows of the manager what the contract says.'),
    {
      name: 'web-takes-types-alone',
      comment: 'What the page needs of the contract when it runs, its build takes out; zod stays out of it.',
      severity: 'error',
      from: { path: '^packages/web/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/contract/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'agent-has-no-package-code',
      comment: 'What the agent may use of the worker leads to nothing that knows a package manager, not even for a type.',
      severity: 'error',
      from: { path: '^packages/worker/src/index\\.ts$' },
      to: { path: '^packages/worker/src/(packages/|app\\.ts$|main\\.ts$)', reachable: true },
    },
    {
      name: 'doors-only',
      comment: 'Commands, files and timers are reached through the doors of runtime.',
      severity: 'error',
      from: { path: '^packages/(contract|runtime|pki|http|worker|agent|manager)/src/', pathNot: '(\\.test\\.ts$|/testing/|^packages/runtime/src/node/)' },
      to: { path: '^(node:)?(child_process|fs|fs/promises|timers|timers/promises)$' },
    },
    {
      name: 'node-doors-are-chosen-in-main',
      comment: 'Only a program entry picks the production doors.',
      severity: 'error',
      from: { path: '^packages/(worker|agent|manager)/src/', pathNot: '(\\.test\\.ts$|/src/main\\.ts$)' },
      to: { path: '^packages/runtime/src/node/' },
    },
    {
      name: 'no-fakes-in-sources',
      comment: 'Fakes and fixtures stay in tests.',
      severity: 'error',
      from: { path: '^packages/(contract|runtime|pki|http|worker|agent|manager)/src/', pathNot: '(\\.test\\.ts$|/src/testing/)' },
      to: { path: '/src/testing/' },
    },
    {
      name: 'adapters-behind-their-shape',
      comment: 'Each package manager is known to the table of adapters only; those of rpm share its folder.',
      severity: 'error',
      from: { path: '^packages/worker/src/', pathNot: '(\\.test\\.ts$|^packages/worker/src/packages/((apt|dnf|zypper|pacman|rpm)/|adapters\\.ts$))' },
      to: { path: '^packages/worker/src/packages/(apt|dnf|zypper|pacman|rpm)/' },
    },
    {
      name: 'adapters-know-no-other',
      severity: 'error',
      from: { path: '^packages/worker/src/packages/(apt|dnf|zypper|pacman)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/worker/src/packages/(apt|dnf|zypper|pacman)/', pathNot: '^packages/worker/src/packages/$1/' },
    },
    { name: 'nobody-imports-lab', severity: 'error', from: { path: '^packages/', pathNot: '^packages/lab/' }, to: { path: '^packages/lab/' } },
    ...roomsOf('agent', AGENT_ROOMS),
    ...roomsOf('worker', WORKER_ROOMS),
    {
      name: 'http-is-on-top',
      comment: 'In the manager, http/ is used by the composition and by the files that serve the routes of a feature.',
      severity: 'error',
      from: { path: '^packages/manager/src/', pathNot: '(\\.test\\.ts$|^packages/manager/src/(http/|compose)|/routes[^/]*\\.ts$|/rotation/rotation\\.ts$|/metrics/counters\\.ts$)' },
      to: { path: '^packages/manager/src/http/' },
    },
    {
      name: 'http-is-served-on-top',
      comment: 'What is shared of serving is for http/ and for the files that serve the routes of a feature; other rooms may call others with @linux-patch/http/client.',
      severity: 'error',
      from: { path: '^packages/(agent|manager)/src/', pathNot: '(\\.test\\.ts$|^packages/(agent|manager)/src/http/|^packages/manager/src/(compose|.*/routes[^/]*\\.ts$|metrics/counters\\.ts$))' },
      to: { path: '^packages/http/src/', pathNot: '^packages/http/src/client/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(\\.cache|node_modules/\\.vite)' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'], extensions: ['.ts', '.js', '.json'] },
  },
};
