import { ERRORS, type ErrorTraits } from '@linux-patch/contract';

const TITLES: Record<ErrorTraits['where'], string> = {
  http: 'In HTTP answers',
  both: 'In HTTP answers and finished jobs',
  job: 'In finished jobs (`error_code`)',
  program: "In a program's own output and log",
};

function table(where: ErrorTraits['where']): string {
  const rows = Object.entries<ErrorTraits>(ERRORS)
    .filter(([, traits]) => traits.where === where)
    .map(([code, traits]) => {
      const number =
        where === 'program' ? `exit ${traits.exit}` : where === 'job' ? '–' : String(traits.status);
      return `| \`${code}\` | ${number} | ${traits.retryable ? 'yes' : 'no'} | ${traits.meaning} |`;
    });
  const heading = where === 'program' ? 'Exit code' : 'HTTP status';
  return [
    `## ${TITLES[where]}`,
    '',
    `| Code | ${heading} | Try again? | Meaning |`,
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** Every code of the error table. */
export function errorReference(): string {
  return [
    '# Errors',
    '',
    'Generated from the error table; `npm run gen` writes it anew.',
    '',
    (['http', 'both', 'job', 'program'] as const).map(table).join('\n\n'),
    '',
  ].join('\n');
}
