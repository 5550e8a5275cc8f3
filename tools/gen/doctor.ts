import { DOCTOR_CHECKS } from '@linux-patch/agent';
import { agentOutputSchemas, FINDING_THEMES, type FindingTheme } from '@linux-patch/contract';
import { MANAGER_CHECKS } from '@linux-patch/manager';
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
  database: 'Database',
  authority: 'Certificate authority',
  fleet: 'The fleet',
};

type Table = Readonly<Record<string, CheckTraits>>;

/** The checks of a table by theme; `--fix` has a column where something can be mended. */
function sections(table: Table): string {
  const mends = Object.values(table).some((one) => one.repairs);
  const themes = FINDING_THEMES.filter((theme) => Object.values(table).some((one) => one.theme === theme));
  return themes.map((theme) => section(table, theme, mends)).join('\n\n');
}

function section(table: Table, theme: FindingTheme, mends: boolean): string {
  const rows = Object.entries(table)
    .filter(([, traits]) => traits.theme === theme)
    .map(
      ([code, { severity, title, meaning, command, repairs }]) =>
        `| \`${code}\` | ${severity} | ${title}. ${meaning} | \`${command.replaceAll('|', '\\|')}\` |${mends ? ` ${repairs ? 'yes' : '–'} |` : ''}`,
    );
  return [
    `## ${TITLES[theme]}`,
    '',
    `| Code | Severity | What it means | The command that mends it |${mends ? ' `--fix` |' : ''}`,
    `|---|---|---|---|${mends ? '---|' : ''}`,
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
    sections(DOCTOR_CHECKS),
    '',
  ].join('\n');
}

/** Every state that the manager's doctor knows. */
export function managerDoctorReference(): string {
  return [
    "# What the manager's doctor finds",
    '',
    'Generated from the table of checks; `npm run gen` writes it anew.',
    '',
    '`linux-patch-manager doctor`, as root on the machine of the manager, also while it is down or its configuration is broken. It changes nothing.',
    'Worst severity first, and among equals what others may follow from. Words in braces are filled in there.',
    'Exit codes: 0 nothing or notices, 3 warnings, 4 errors, 1 the doctor itself failed. `--json` prints the same members as the doctor of a host, without what `--fix` and `--offline` add there.',
    '',
    sections(MANAGER_CHECKS),
    '',
  ].join('\n');
}

/** JSON Schemas of what `status --json` and `doctor --json` print. */
export function cliSchemas(): string {
  return `${JSON.stringify(agentOutputSchemas(), null, 2)}\n`;
}
