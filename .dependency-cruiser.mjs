const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from,
  to: { path: '^packages/([^/]+)/', pathNot: allowed },
});

/** Production sources: not tests, not testing entries. */
const source = (name) => ({ path: `^packages/${name}/src/`, pathNot: '(\\.test\\.ts$|/src/testing/)' });

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
    only('agent-shares-only-the-base', source('agent'), '^packages/(agent|contract|runtime|pki|http)/', 'Agent and manager never import each other.'),
    only('manager-shares-only-the-base', source('manager'), '^packages/(manager|contract|runtime|pki|http)/', 'Agent and manager never import each other.'),
    {
      name: 'doors-only',
      comment: 'Commands, files and timers are reached through the doors of runtime.',
      severity: 'error',
      from: { path: '^packages/(contract|runtime|pki|http|agent|manager)/src/', pathNot: '(\\.test\\.ts$|/testing/|^packages/runtime/src/node/)' },
      to: { path: '^(node:)?(child_process|fs|fs/promises|timers|timers/promises)$' },
    },
    {
      name: 'node-doors-are-chosen-in-main',
      comment: 'Only a program entry picks the production doors.',
      severity: 'error',
      from: { path: '^packages/(agent|manager)/src/', pathNot: '(\\.test\\.ts$|/src/main\\.ts$)' },
      to: { path: '^packages/runtime/src/node/' },
    },
    {
      name: 'no-fakes-in-sources',
      comment: 'Fakes and fixtures stay in tests.',
      severity: 'error',
      from: { path: '^packages/(contract|runtime|pki|http|agent|manager)/src/', pathNot: '(\\.test\\.ts$|/src/testing/)' },
      to: { path: '/src/testing/' },
    },
    {
      name: 'packages-stand-alone',
      comment: 'Package managers know nothing of jobs, HTTP or the configuration.',
      severity: 'error',
      from: { path: '^packages/agent/src/packages/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/agent/src/', pathNot: '^packages/agent/src/packages/' },
    },
    {
      name: 'adapters-behind-their-shape',
      comment: 'One package manager is known to the table of adapters only.',
      severity: 'error',
      from: { path: '^packages/agent/src/', pathNot: '(\\.test\\.ts$|^packages/agent/src/packages/(apt/|adapters\\.ts$))' },
      to: { path: '^packages/agent/src/packages/apt/' },
    },
    { name: 'nobody-imports-lab', severity: 'error', from: { path: '^packages/', pathNot: '^packages/lab/' }, to: { path: '^packages/lab/' } },
    {
      name: 'features-do-not-import-http',
      severity: 'error',
      from: { path: '^packages/(agent|manager)/src/(jobs|packages|enrollment|identity|health|clock|manager-link|config|access|host|audit|authority|database)/', pathNot: '\\.test\\.ts$|routes' },
      to: { path: '^packages/(agent|manager)/src/http/' },
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
