import {
  type FleetJobResult,
  isPatchError,
  type Job,
  type JobAccepted,
  messageOf,
  type Plan,
} from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { renderTable } from '@linux-patch/runtime/printed';
import { inTurn } from '../fleet-watch/in-turn.ts';
import { type CommandContext, print } from './command-context.ts';
import { EXIT } from './exit-codes.ts';
import { followJob } from './follow-job.ts';
import { bootOf, describeDue, REBOOT_ENDS, waitForReboot } from './follow-reboot.ts';
import { changeWords } from './job-commands.ts';

/** What came of an act on one host; `goes_on` is of a job that nobody waits for any more. */
export const HOST_RESULTS = [
  'done',
  'started',
  'failed',
  'not_reached',
  'unknown',
  'goes_on',
  'not_started',
] as const;

export interface HostOutcome {
  readonly host: string;
  readonly result: (typeof HOST_RESULTS)[number];
  readonly job_id: string | null;
  readonly error_code: string | null;
  /** What went wrong, or was done where that is no change of packages. */
  readonly message: string | null;
  readonly changed: FleetJobResult['changed'];
  readonly reboot: Job['reboot'];
}

const NOTHING = { job_id: null, error_code: null, message: null, changed: {}, reboot: null };

/** What is done on each host. */
export type HostWork = (host: string) => Promise<Omit<HostOutcome, 'host'>>;

/** Without a word for each step: many hosts are followed at once. */
const SILENT = { write: () => {}, redraw: undefined };

/** What a plan says, in few words. */
export function outcomeOfPlan({ steps, new_packages, removed_packages, left_out, policy }: Plan) {
  const words = `${steps.length} steps, ${new_packages.length} new, ${removed_packages.length} removed, ${left_out.length} left out`;
  return policy
    ? { ...NOTHING, result: 'failed' as const, error_code: 'POLICY_DENIED', message: policy.reason }
    : { ...NOTHING, result: 'done' as const, message: steps.length === 0 ? 'nothing to do' : words };
}

/** What came of something that is no job. */
export function outcomeOfWords(message: string, { isDone }: { readonly isDone: boolean }) {
  return { ...NOTHING, result: isDone ? ('done' as const) : ('failed' as const), message };
}

function outcomeOfJob(job: Job): Omit<HostOutcome, 'host'> {
  const changed: Record<string, number> = {};
  for (const { action } of job.results) changed[action] = (changed[action] ?? 0) + 1;
  const isDone = job.status === 'completed';
  return {
    result: isDone ? 'done' : 'failed',
    job_id: job.job_id,
    error_code: job.error_code,
    message: isDone ? null : (job.error ?? job.message),
    changed,
    reboot: job.reboot ?? null,
  };
}

const REBOOT_RESULTS = {
  back: 'done',
  not_known: 'done',
  did_not_reboot: 'failed',
  left: 'goes_on',
} as const;

/** Waits for the reboot that follows a job which is done; what the job did stays told, whatever comes of that. */
async function afterReboot(
  context: CommandContext,
  host: string,
  outcome: Omit<HostOutcome, 'host'>,
  bootId: string | null,
): Promise<Omit<HostOutcome, 'host'>> {
  const { reboot, result } = outcome;
  if (result !== 'done' || !reboot) return outcome;
  try {
    const end = await waitForReboot(context, host, { reboot, bootId });
    return { ...outcome, result: REBOOT_RESULTS[end], message: REBOOT_ENDS[end] };
  } catch (error) {
    const { error_code, message } = failure(error);
    return { ...outcome, result: 'failed', error_code, message };
  }
}

/** Starts a job on a host and, where wanted, waits for its end, and for that of the reboot that follows it. */
export function workOfJob(
  context: CommandContext,
  start: (host: string) => Promise<JobAccepted>,
  { wait = false, reboot = false }: { readonly wait?: boolean; readonly reboot?: boolean },
): HostWork {
  return async (host) => {
    const bootId = wait && reboot ? await bootOf(context, host) : null;
    const { job_id } = await start(host);
    if (!wait) return { ...NOTHING, result: 'started', job_id };
    try {
      const outcome = outcomeOfJob(await followJob(context, { host, jobId: job_id }, SILENT));
      return reboot ? await afterReboot(context, host, outcome, bootId) : outcome;
    } catch (error) {
      const isLeft = isPatchError(error, 'CANCELLED', 'AGENT_UNREACHABLE');
      if (!isLeft) return { ...failure(error), job_id };
      return { ...failure(error), result: context.signal.aborted ? 'goes_on' : 'unknown', job_id };
    }
  };
}

function failure(error: unknown): Omit<HostOutcome, 'host'> {
  const code = isPatchError(error) ? error.code : 'INTERNAL_ERROR';
  const isLost = isPatchError(error) && error.details['answer_lost'] === true;
  const result = isLost ? 'unknown' : code === 'AGENT_UNREACHABLE' ? 'not_reached' : 'failed';
  return { ...NOTHING, result, error_code: code, message: messageOf(error) };
}

function wordsOf(one: HostOutcome, nowMs: number): string {
  const isBack = one.message === REBOOT_ENDS.back;
  const reboot = one.reboot && !isBack ? describeDue(one.reboot, nowMs) : '';
  const what = [changeWords(one.changed), one.message ?? '', reboot].filter(Boolean).join('; ');
  if (one.result === 'done') return what || 'nothing changed';
  return [one.error_code ?? '', what].filter(Boolean).join(': ');
}

function sumUp(outcomes: readonly HostOutcome[]): string {
  const counts = Map.groupBy(outcomes, ({ result }) => result);
  const parts = HOST_RESULTS.flatMap((result) => {
    const count = counts.get(result)?.length ?? 0;
    return count === 0 ? [] : [`${count} ${result.replaceAll('_', ' ')}`];
  });
  return `${outcomes.length} hosts: ${parts.join(', ')}.`;
}

/** 0 when all is well, that of an unreachable host when no host was reached, else that of a failure. */
function exitOf(outcomes: readonly HostOutcome[]): number {
  if (outcomes.every(({ result }) => result === 'done' || result === 'started')) return EXIT.done;
  return outcomes.every(({ result }) => result === 'not_reached') ? EXIT.unreachable : EXIT.failed;
}

/**
 * Works on several hosts, so many at a time, and shows one table at the end. Once the command is stopped no further host is begun.
 * @returns the exit code
 */
export async function onSeveralHosts(
  context: CommandContext,
  hosts: readonly string[],
  { parallel }: { readonly parallel: number },
  work: HostWork,
): Promise<number> {
  const ended = new Map<string, HostOutcome>();
  await inTurn(hosts, parallel, context.signal, async (host) => {
    const outcome = { host, ...(await work(host).catch(failure)) };
    ended.set(host, outcome);
    const words = wordsOf(outcome, context.nowMs);
    const said = `${host}: ${outcome.result.replaceAll('_', ' ')}${words ? ` (${words})` : ''}`;
    context.stderr(`${ended.size}/${hosts.length} ${printableLine(said)}\n`);
  });
  const outcomes = hosts.map(
    (host): HostOutcome => ended.get(host) ?? { host, ...NOTHING, result: 'not_started' },
  );
  print(context, { hosts: outcomes }, () =>
    [
      renderTable(
        ['HOST', 'RESULT', 'WHAT', 'JOB'],
        outcomes.map((one) => [
          one.host,
          one.result.replaceAll('_', ' '),
          wordsOf(one, context.nowMs),
          one.job_id ?? '-',
        ]),
      ),
      sumUp(outcomes),
      ...(outcomes.some(({ result }) => result === 'goes_on')
        ? [
            'Jobs that go on end by themselves: "linux-patch-manager jobs" shows them, "cancel HOST JOB" ends one.',
          ]
        : []),
    ].join('\n'),
  );
  return exitOf(outcomes);
}
