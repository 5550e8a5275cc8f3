import { type ErrorCode, PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import type { ChangePlan } from '../package-interface/change-plan.ts';
import { describeChanges } from '../package-interface/describe-results.ts';
import { describeLeftOut, type LeftOut, removalDetails, withLeftOut } from '../package-interface/left-out.ts';
import type { OperationOutcome, OperationRun } from '../package-interface/package-operations.ts';
import type { PackageAdapter, PackageRules } from './adapter.ts';
import { compareInstalled, withFailures } from './compare.ts';
import type { Installed } from './package-facts.ts';
import { particularsOf, withParticulars } from './particulars.ts';
import { refuseStopped, toolFailure } from './tool-failure.ts';
import { isProof, shortfall } from './wishes.ts';

/** The change that is judged. */
type JudgedPlan = Pick<ChangePlan, 'what' | 'before' | 'wishes' | 'left'>;

/** What is known when a change has ended. */
interface Ending {
  readonly adapter: PackageAdapter;
  readonly plan: JudgedPlan;
  readonly result: CommandResult;
  readonly outcome: OperationOutcome & { readonly left: readonly LeftOut[] };
  /** Half configured, and not so before. */
  readonly newlyBroken: readonly Installed[];
  /** Half configured as they were before. */
  readonly stillBroken: readonly Installed[];
  /** Wishes that are not fulfilled, as clauses. */
  readonly unmet: readonly string[];
  /** Whether what is there shows that everything was done. */
  readonly proven: boolean;
}

/**
 * Finds out what a change did, by the database; the program's word is not enough, neither for success nor for failure:
 * another package that was half configured before makes it fail though everything that was asked for is done.
 * @throws PatchError that also tells what was done; `onChanged` has heard of it.
 */
export async function judgeChange(
  adapter: PackageAdapter,
  plan: JudgedPlan,
  { result, run }: { readonly result: CommandResult; readonly run: OperationRun },
): Promise<OperationOutcome> {
  const ending = await readEnding(adapter, plan, result);
  const { outcome } = ending;
  try {
    refuseStopped(result, run);
    const fault = faultOf(ending);
    if (fault) throw fault;
  } catch (error) {
    run.onChanged?.(outcome.results.filter((one) => one.action !== 'unchanged' || one.reason !== undefined));
    throw error;
  }
  return { ...outcome, warnings: warningsOf(ending) };
}

async function readEnding(adapter: PackageAdapter, plan: JudgedPlan, result: CommandResult): Promise<Ending> {
  const { rules } = adapter;
  const { before, wishes } = plan;
  const after = await adapter.reading.installed();
  const asked = wishes.map((wish) => wish.name);
  const broken = after.filter((one) => one.broken);
  const wasBroken = (one: Installed): boolean =>
    before.some((old) => old.broken && old.name === one.name && old.architecture === one.architecture) &&
    !asked.some((name) => rules.isNamed(one, name));
  const unmet = await Promise.all(wishes.map((wish) => shortfall(adapter, wish, after)));
  const left = [
    ...plan.left,
    ...notDownloaded(rules, plan, { after, reasonOf: adapter.output.notDownloaded(result) }),
  ];
  const failed = adapter.output.failedScripts(result);
  const newlyBroken = after.filter((one) =>
    one.broken ? !wasBroken(one) : failed.some((name) => rules.isNamed(one, name)),
  );
  const compared = compareInstalled(before, after, { wishes, rules });
  const code = wasKilled(result) ? 'INTERRUPTED' : 'SCRIPT_FAILED';
  const results = withParticulars(withFailures(compared, newlyBroken, { rules, code }), adapter, {
    after,
    particulars: await particularsOf(adapter, result),
  });
  return {
    adapter,
    plan,
    result,
    outcome: { results: withLeftOut(results, left), left, exitCode: result.exitCode },
    newlyBroken,
    stillBroken: broken.filter(wasBroken),
    unmet: unmet.filter((one) => one !== undefined),
    proven: wishes.every((wish) => isProof(rules, wish, { before, after })),
  };
}

/** Codes of a failed run in which everything that was asked for may be done all the same. */
const TOLERABLE: readonly ErrorCode[] = ['SCRIPT_FAILED', 'PKG_MANAGER_ERROR'];

type MakeFault = (code: ErrorCode, sentence: string, details?: object) => PatchError;

/** What makes the job fail; what was done goes before it. */
function faultOf(ending: Ending): PatchError | undefined {
  const { result, outcome, newlyBroken } = ending;
  const fault: MakeFault = (code, sentence, details = {}) =>
    new PatchError(code, `${donePart(ending)}${sentence}`, {
      details: { exit_code: result.exitCode, ...details },
    });
  if (result.timedOut) return timeFault(ending, fault);
  // Versions are no proof then: pacman notes a package before its last script and its hooks run.
  if (wasKilled(result)) return fault('INTERRUPTED', killedSentence(ending));
  if (newlyBroken.length > 0)
    return fault('SCRIPT_FAILED', `${brokenSentence(newlyBroken, ending)} ${brokenAdvice(ending)}`);
  const hooks = ending.adapter.output.failedHooks(result);
  if (hooks !== undefined) return fault('SCRIPT_FAILED', hooks);
  if (outcome.left.some((one) => one.code === 'NETWORK_ERROR'))
    return fault('NETWORK_ERROR', describeLeftOut(outcome.left) ?? '');
  const unfulfilled = shortFault(ending, fault);
  if (unfulfilled) return unfulfilled;
  const asked = outcome.left.find((one) => one.asked);
  return asked && fault(asked.code, describeLeftOut(outcome.left) ?? '', removalDetails(outcome.left));
}

/** What a shell adds to the number of the signal by which a program was ended, and the highest of those (signal(7)). */
const [KILLED_BY, LAST_SIGNAL] = [128, 64];

/** Whether the program was ended by something that is no part of the job. */
function wasKilled({ exitCode, aborted, timedOut }: CommandResult): boolean {
  if (aborted || timedOut) return false;
  return exitCode === null || (exitCode > KILLED_BY && exitCode <= KILLED_BY + LAST_SIGNAL);
}

function killedSentence(ending: Ending): string {
  const { plan, newlyBroken } = ending;
  const broken = newlyBroken.length > 0 ? ` ${brokenSentence(newlyBroken, ending)}` : '';
  return `${plan.what} was ended in the middle, and not by this job: somebody killed it, or the host ran out of memory (journalctl -k shows that).${broken} What was left unfinished is repaired before the next job.`;
}

function failureOf({ adapter, plan, result }: Ending): PatchError {
  return toolFailure(plan.what, result, adapter.output.failure(result));
}

function timeFault(ending: Ending, fault: MakeFault): PatchError {
  const { code, message } = failureOf(ending);
  const { newlyBroken } = ending;
  return fault(code, newlyBroken.length > 0 ? `${message} ${brokenSentence(newlyBroken, ending)}` : message);
}

/** A run that failed, or did not do what it was asked though it says so. */
function shortFault(ending: Ending, fault: MakeFault): PatchError | undefined {
  const { adapter, plan, result, unmet, proven } = ending;
  const done = unmet.length === 0 && proven;
  if (result.exitCode !== 0 && !(done && TOLERABLE.includes(adapter.output.failure(result).code))) {
    const { code, message } = failureOf(ending);
    return fault(code, message, { untrusted: adapter.output.untrusted(result) });
  }
  if (unmet.length === 0) return undefined;
  return fault(
    'PKG_MANAGER_ERROR',
    `${plan.what} reports success, but it did not do what was asked: ${unmet.join('; ')}. The job's output has its reasons.`,
  );
}

/** What was done, before what was not. */
function donePart({ outcome }: Ending): string {
  const changes = describeChanges(outcome.results);
  return changes === undefined ? '' : `${changes}. `;
}

function brokenAdvice({ adapter: { words } }: Ending): string {
  return words.afterIncomplete;
}

/** Packages whose scripts a message quotes. */
const QUOTED_LIMIT = 5;

function brokenSentence(broken: readonly Installed[], { adapter, result }: Ending): string {
  const { incomplete } = adapter.words;
  // What is there in two versions is named once.
  const names = [...new Set(broken.map(({ name }) => name))];
  const quoted = names.slice(0, QUOTED_LIMIT).map((name) => {
    const words = adapter.output.scriptWords(result, name);
    return words.length === 0 ? `${name} ${incomplete}` : `${name} ${incomplete}: ${words.join(' / ')}`;
  });
  const more = names.length > QUOTED_LIMIT ? `; and ${names.length - QUOTED_LIMIT} more` : '';
  return `${quoted.join('; ')}${more}.`;
}

function warningsOf(ending: Ending): string[] {
  const { adapter, plan, result, stillBroken } = ending;
  if (stillBroken.length > 0) {
    const sentence = brokenSentence(stillBroken, ending);
    return [`Not of this job, and so before it: ${sentence} ${brokenAdvice(ending)}`];
  }
  if (result.exitCode === 0) return [];
  const { words } = adapter.output.failure(result);
  return [`${plan.what} ended with ${result.exitCode} all the same: ${words.join(' ')}`];
}

type ReasonOf = ReturnType<PackageAdapter['output']['notDownloaded']>;

/** Updates whose packages could not be downloaded while the others went in. */
function notDownloaded(
  rules: PackageRules,
  { wishes }: JudgedPlan,
  { after, reasonOf }: { readonly after: readonly Installed[]; readonly reasonOf: ReasonOf },
): LeftOut[] {
  return wishes.flatMap(({ name, want, security = false }) => {
    const current = after.find((one) => rules.isNamed(one, name))?.version ?? null;
    const why = typeof want === 'object' && current !== want.version ? reasonOf(name) : undefined;
    if (typeof want !== 'object' || why === undefined) return [];
    const reason = `could not be downloaded: ${why}`;
    return [
      {
        name,
        current,
        version: want.version,
        security,
        asked: false,
        why: 'unavailable' as const,
        reason,
        code: 'NETWORK_ERROR',
      },
    ];
  });
}
