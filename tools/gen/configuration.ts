import { AgentConfigSchema } from '@linux-patch/agent';
import { ManagerConfigSchema } from '@linux-patch/manager';
import { describeSchema, type KeyDescription } from '@linux-patch/runtime/configuration';
import { PolicySchema } from '@linux-patch/worker';

const PROGRAMS = {
  agent: { title: 'Agent', file: '/etc/linux_patch_api/config.yaml', schema: AgentConfigSchema },
  manager: { title: 'Manager', file: '/etc/linux_patch_manager/config.yaml', schema: ManagerConfigSchema },
} as const;

const POLICY = {
  title: 'Policy of a host',
  file: '/etc/linux_patch_api/policy.yaml',
  schema: PolicySchema,
} as const;

function defaultText(key: KeyDescription): string {
  if (key.isRequired) return 'has to be said';
  return key.default === undefined ? '–' : `\`${JSON.stringify(key.default)}\``;
}

function table(program: (typeof PROGRAMS)[keyof typeof PROGRAMS] | typeof POLICY): string {
  const rows = describeSchema(program.schema).map(
    (key) =>
      `| \`${key.key}\` | ${key.type.replaceAll('|', '\\|')} | ${defaultText(key)} | ${key.description ?? ''} |`,
  );
  return [
    `## ${program.title}: \`${program.file}\``,
    '',
    '| Key | Type | Default | Meaning |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** Every key of the configuration files and of the policy. */
export function configurationReference(): string {
  return [
    '# Configuration',
    '',
    'Generated from the schemas; `npm run gen` writes it anew. The files are strict: an unknown key is a fault, and all faults are',
    'reported at once as `FILE:LINE:COL path: message`. `--root DIR` goes before every default path. Of the environment only',
    '`LINUX_PATCH_MANAGER_URL`, `LINUX_PATCH_LOG_LEVEL`, `HTTPS_PROXY` and `NO_PROXY` are read, by the agent, where the file is silent.',
    '',
    table(PROGRAMS.agent),
    '',
    table(POLICY),
    '',
    'What the administrator of a host allows whoever manages it; see [the deployment guide](../../DEPLOYMENT_GUIDE.md#what-this-host-allows). The file',
    'counts whenever a change is asked for or begins, without a restart.',
    '',
    table(PROGRAMS.manager),
    '',
  ].join('\n');
}

/** A file with every key commented out, its default shown; of a key that has to be said where its part is there, an example. */
export function configurationExample(name: keyof typeof PROGRAMS): string {
  const program = PROGRAMS[name];
  const lines = [`# ${program.file}: every key with its default. Nothing here needs to be set.`];
  let section = '';
  for (const key of describeSchema(program.schema)) {
    const [head = '', ...rest] = key.key.split('.');
    if (head !== section) lines.push('', `#${head}:`);
    section = head;
    lines.push(`  # ${key.description ?? ''}`);
    const value = key.isRequired ? key.example : key.default;
    lines.push(`#  ${rest.join('.')}: ${value === undefined ? '' : JSON.stringify(value)}`.trimEnd());
  }
  return `${lines.join('\n')}\n`;
}

/** A value in YAML's flow style. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, part]) => `${key}: ${flow(part)}`)
    .join(', ')} }`;
}

/** Maps in a list stand on lines of their own. */
function sampleOf({ key, example, default: standard }: KeyDescription): string[] {
  const value = example ?? standard;
  if (!Array.isArray(value) || !value.some((one) => typeof one === 'object'))
    return [`${key}: ${flow(value)}`];
  return [`${key}:`, ...value.map((one) => `  - ${flow(one)}`)];
}

/** A policy in which every key is used. */
export function policySample(): string {
  return describeSchema(POLICY.schema).flatMap(sampleOf).join('\n');
}

/** A policy with every key commented out, explained, and with a value that shows how it is used. */
export function policyExample(): string {
  const heading = [
    `# ${POLICY.file}: what this host lets its manager do. A key that is left out forbids nothing but older versions and the restart of`,
    '# services; a file that does not exist, the restart of services alone. It must belong to root and be writable by root alone; anything else, and any fault, denies every change.',
    '# "linux-patch-api policy check FILE" shows all faults of a file, "linux-patch-api policy show" what is in force.',
  ];
  const keys = describeSchema(POLICY.schema).flatMap((key) => [
    '',
    `# ${key.description}`,
    ...sampleOf(key).map((line) => `#${line}`),
  ]);
  return `${[...heading, ...keys].join('\n')}\n`;
}
