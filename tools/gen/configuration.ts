import { AgentConfigSchema } from '@linux-patch/agent';
import { ManagerConfigSchema } from '@linux-patch/manager';
import { describeSchema, type KeyDescription } from '@linux-patch/runtime/configuration';

const PROGRAMS = {
  agent: { title: 'Agent', file: '/etc/linux_patch_api/config.yaml', schema: AgentConfigSchema },
  manager: { title: 'Manager', file: '/etc/linux_patch_manager/config.yaml', schema: ManagerConfigSchema },
} as const;

function defaultText(key: KeyDescription): string {
  return key.default === undefined ? '–' : `\`${JSON.stringify(key.default)}\``;
}

function table(program: (typeof PROGRAMS)[keyof typeof PROGRAMS]): string {
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

/** Every key of both configuration files. */
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
    table(PROGRAMS.manager),
    '',
  ].join('\n');
}

/** A file with every key commented out, its default shown. */
export function configurationExample(name: keyof typeof PROGRAMS): string {
  const program = PROGRAMS[name];
  const lines = [`# ${program.file}: every key with its default. Nothing here needs to be set.`];
  let section = '';
  for (const key of describeSchema(program.schema)) {
    const [head = '', ...rest] = key.key.split('.');
    if (head !== section) lines.push('', `#${head}:`);
    section = head;
    lines.push(`  # ${key.description ?? ''}`);
    lines.push(
      `#  ${rest.join('.')}: ${key.default === undefined ? '' : JSON.stringify(key.default)}`.trimEnd(),
    );
  }
  return `${lines.join('\n')}\n`;
}
