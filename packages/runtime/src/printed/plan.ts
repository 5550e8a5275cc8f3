import type { Plan, PlanDifference, PlanStep, PolicyDenial } from '@linux-patch/contract';
import { printableLine } from '../printable.ts';
import { describeLists } from './package-listings.ts';
import { securitySentences, securityWord } from './step-security.ts';
import { renderTable } from './table.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** A size in the units of apt: powers of 1000. */
function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, Math.abs(bytes))) / 3));
  const amount = bytes / 1_000 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${UNITS[power]}`;
}

function diskWords(bytes: number | null): string {
  if (bytes === null) return 'the disk space it takes is not known';
  return bytes < 0 ? `frees ${size(-bytes)} of disk space` : `takes ${size(bytes)} of disk space`;
}

const REBOOT_WORDS = {
  yes: 'a reboot is likely to be needed',
  no: 'no reboot is likely to be needed',
  unknown: 'whether a reboot is needed is not known',
} as const;

function actionOf(step: PlanStep): string {
  return step.purge ? `${step.action}, purge` : step.action;
}

function tableOfSteps(steps: readonly PlanStep[]): string {
  return renderTable(
    ['PACKAGE', 'INSTALLED', 'AFTERWARDS', 'ACTION', 'SECURITY', 'NOTES'],
    steps.map((one) => [
      one.name,
      one.from ?? '-',
      one.to ?? '-',
      actionOf(one),
      securityWord(one),
      one.asked ? '' : 'comes with the others',
    ]),
  );
}

function tableOfLeftOut({ left_out: left }: Plan): string {
  return renderTable(
    ['STAYS OUT', 'INSTALLED', 'VERSION', 'WHY', 'REASON'],
    left.map((one) => [
      one.name,
      one.from ?? '-',
      one.to ?? '-',
      [one.why.replaceAll('_', ' '), one.security ? 'SECURITY' : ''].filter(Boolean).join(', '),
      one.reason,
    ]),
  );
}

function placeOf({ file, line }: PolicyDenial): string {
  return line === null ? file : `${file}:${line}`;
}

function sentences(plan: Plan): string[] {
  const { steps, new_packages: added, removed_packages: removed, download_bytes: download } = plan;
  const needed = plan.left_out.some((one) => one.removals.length > 0);
  return [
    `${steps.length} ${steps.length === 1 ? 'step' : 'steps'}, ${added.length} new, ${removed.length} removed; ` +
      `${download === null ? 'the download is not known' : `${size(download)} to download`}, ${diskWords(plan.disk_bytes)}; ${REBOOT_WORDS[plan.reboot]}.`,
    ...(plan.policy
      ? [`DENIED: the policy of the host forbids it now: ${plan.policy.reason} (${placeOf(plan.policy)}).`]
      : []),
    ...securitySentences(steps),
    ...(removed.length > 0 ? [`WARNING: it removes ${removed.join(', ')}.`] : []),
    ...(needed ? ['--allow-removals lets packages go for what is refused.'] : []),
    ...(plan.busy === null
      ? []
      : [`${plan.busy} works with the packages of the host now, which may change this.`]),
  ];
}

/**
 * A plan, for people.
 * @param approve says how exactly this is done; absent where that is asked next
 */
export function describePlan(
  plan: Plan,
  { nowMs, approve }: { readonly nowMs: number; readonly approve?: string },
): string {
  return [
    plan.steps.length === 0 ? 'Nothing would be changed.' : tableOfSteps(plan.steps),
    ...(plan.left_out.length > 0 ? ['', tableOfLeftOut(plan)] : []),
    '',
    ...[...sentences(plan), ...describeLists(plan.lists, nowMs)].map(printableLine),
    `Plan ${plan.plan_hash}`,
    ...(plan.steps.length === 0 || plan.policy || approve === undefined
      ? []
      : [`Nothing was changed. ${approve}`]),
  ].join('\n');
}

/** What an approved plan and the one of now differ in, for people. */
export function describeDifference({ added, removed, changed, more }: PlanDifference): string {
  const row = (word: string, { name, from, to, action }: PlanStep): string[] => [
    word,
    name,
    from ?? '-',
    to ?? '-',
    action,
  ];
  const table = renderTable(
    ['PLAN', 'PACKAGE', 'INSTALLED', 'AFTERWARDS', 'ACTION'],
    [
      ...removed.map((one) => row('gone', one)),
      ...changed.flatMap(({ before, now }) => [row('was', before), row('now', now)]),
      ...added.map((one) => row('new', one)),
    ],
  );
  return more > 0 ? `${table}\nand ${more} more` : table;
}
