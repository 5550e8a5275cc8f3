import { DOCTOR_CHECKS } from '@linux-patch/agent';
import { agentOutputSchemas, FINDING_THEMES, type FindingTheme } from '@linux-patch/contract';
import type { CheckTraits } from '@linux-patch/runtime/findings';

const TITLES: Record<FindingTheme, string> = {
  config: 'Configuration',
  files: 'Disks, folders, files',
  host: 'Who the host is',
  clock: 'Clock',
  port: 'Port and processes',
  service: 'Service',
  network: 'The way to the manager',
  manager: 'The manager',
  certificates: 'Certificates',
  enrollment: 'Enrolment',
  access: 'Who may connect and call',
  packages: 'Packages',
};

function section(theme: FindingTheme): string {
  const rows = Object.entries<CheckTraits>(DOCTOR_CHECKS)
    .filter(([, traits]) => traits.theme === theme)
    .map(
      ([code, { severity, title, meaning, command, repairs }]) =>
        `| \`${code}\` | ${severity} | ${title}. ${meaning} | \`${command.replaceAll('|', '\\|')}\` | ${repairs ? 'yes' : '–'} |`,
    );
  return [
    `## ${TITLES[theme]}`,
    '',
    '| Code | Severity | What it means | The command that mends it | `--fix` |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** Every state that the agent's doctor knows. */
export function doctorReference(): string {
  return [
    '# What the doctor finds',
    '',
    'Generated from the table of checks; `npm run gen` writes it anew.',
    '',
    '`linux-patch-api doctor` names the cause first: worst severity first, and among equals what others may follow from. Words in braces are filled in on the host.',
    'Network and manager count as a `warning` while the host has an identity that can be used. `--fix` mends what is local; a restored set of certificates is the newest',
    'complete one that is valid. Exit codes: 0 nothing or notices, 3 warnings, 4 errors, 1 the doctor itself failed.',
    'The JSON of `status` and `doctor` is described in [agent-cli-schemas.json](agent-cli-schemas.json): members may be added; none changes its meaning.',
    '',
    FINDING_THEMES.map(section).join('\n\n'),
    '',
  ].join('\n');
}

/** JSON Schemas of what `status --json` and `doctor --json` print. */
export function cliSchemas(): string {
  return `${JSON.stringify(agentOutputSchemas(), null, 2)}\n`;
}
