import { CHECKS, type CheckTraits } from '@linux-patch/pki';
import { FILE_CHECKS } from '../../packages/agent/src/identity/store/file-checks.ts';

const REFUSES: Record<CheckTraits['refuses'], string> = {
  always: 'at start and before an install',
  install: 'before an install; in use: a warning',
  never: 'never',
};

/** Every check that an identity has to pass, in the order in which they are made. */
export function checkReference(): string {
  const rows = Object.entries<CheckTraits>(CHECKS).map(
    ([id, { name, sentence, status, refuses, repair }]) =>
      `| ${id} | \`${name}\` | ${sentence} | \`${status}\` | ${REFUSES[refuses]} | \`${repair}\` |`,
  );
  const files = Object.entries(FILE_CHECKS).map(
    ([id, { name, sentence }]) => `| ${id} | \`${name}\` | ${sentence} |`,
  );
  return [
    '# Checks of an identity',
    '',
    'Generated from the table of the validator; `npm run gen` writes it anew.',
    '',
    'One validator judges an identity when the agent starts, before anything is installed (enrolment and renewal), hourly while it serves, and for `doctor`. The order is the',
    'order of the table: existence, parsing, dates, key match, CA trust. The first check that refuses names the status. A check that would take an identity away that',
    'works today only warns at start.',
    '',
    '| Check | Name | What must hold | Status | Refuses | To mend it |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    '## The files',
    '',
    'Warnings, all but F4, which counts as `corrupt`. A key that others may read is set to mode 0600 at start. Nothing is written through a folder that is a link of',
    'somebody else.',
    '',
    '| Check | Name | What must hold |',
    '|---|---|---|',
    ...files,
    '',
  ].join('\n');
}
