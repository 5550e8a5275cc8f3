import { type ErrorCode, PatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import { describeChanges } from '../describe-results.ts';
import type { ChangePlan } from '../detached/plan.ts';
import { describeLeftOut, type LeftOut, withLeftOut } from '../left-out.ts';
import type { OperationOutcome, OperationRun } from '../package-operations.ts';
import type { AptContext } from './apt-context.ts';
import { compareInstalled, isNamed } from './compare.ts';
import { aptFailure, classify, tellingLines } from './failure.ts';
import { type InstalledPackage, readInstalled } from './installed.ts';
import { listed } from './refusal.ts';
import { refuseStopped } from './run-tool.ts';
import { scriptWords } from './script-words.ts';
import { isProof, shortfall } from './wishes.ts';

/** The change that is judged. */
export type JudgedPlan = Pick<ChangePlan, 'what' | 'before' | 'wishes' | 'left'>;

/** What is known when a change has ended. */
interface Ending {
  readonly plan: JudgedPlan;
  readonly result: CommandResult;
  readonly outcome: OperationOutcome & { readonly left: readonly LeftOut[] };
  /** Half configured, and not so before. */
  readonly newlyBroken: readonly InstalledPackage[];
  /** Half configured as they were before. */
  readonly stillBroken: readonly InstalledPackage[];
  /** Wishes that are not fulfilled, as clauses. */
  readonly unmet: readonly string[];
}

/**
 * Finds out what a change did, by dpkg's own database; apt's word is not enough, neither for success nor for failure:
 * another package that was half configured before makes apt fail though everything that was asked for is done.
 * @throws PatchError that also tells what was done; `onChanged` has heard of it.
 */
export async function judgeChange(
  context: AptContext,
  plan: JudgedPlan,
  result: CommandResult,
  run: OperationRun,
): Promise<OperationOutcome> {
  const ending = await readEnding(context, plan, result);
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

async function readEnding(context: AptContext, plan: JudgedPlan, result: CommandResult): Promise<Ending> {
  const after = await readInstalled(context);
  const names = plan.wishes.map((wish) => wish.name);
  const broken = after.filter((one) => one.broken);
  const wasBroken = (one: InstalledPackage): boolean =>
    plan.before.some((old) => old.broken && old.name === one.name && old.architecture === one.architecture) &&
    !names.some((name) => isNamed(one, name));
  const unmet = await Promise.all(plan.wishes.map((wish) => shortfall(context, wish, after)));
  const left = [...plan.left, ...notDownloaded(plan, result, after)];
  const newlyBroken = broken.filter((one) => !wasBroken(one));
  const compared = compareInstalled(plan.before, after, names).map((one) =>
    newlyBroken.some((each) => isNamed(each, one.name)) ? { ...one, action: 'failed' as const } : one,
  );
  const results = withLeftOut(compared, left);
  return {
    plan,
    result,
    outcome: { results, left, exitCode: result.exitCode },
    newlyBroken,
    stillBroken: broken.filter(wasBroken),
    unmet: unmet.filter((one) => one !== undefined),
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
  if (newlyBroken.length > 0)
    return fault('SCRIPT_FAILED', `${brokenSentence(newlyBroken, result)} ${BROKEN_ADVICE}`);
  if (outcome.left.some((one) => one.code === 'NETWORK_ERROR'))
    return fault('NETWORK_ERROR', describeLeftOut(outcome.left) ?? '');
  const unfulfilled = shortFault(ending, fault);
  if (unfulfilled) return unfulfilled;
  const asked = outcome.left.find((one) => one.asked);
  return asked && fault(asked.code, describeLeftOut(outcome.left) ?? '');
}

function timeFault({ plan, result, newlyBroken }: Ending, fault: MakeFault): PatchError {
  const { code, message } = aptFailure(plan.what, result);
  return fault(code, newlyBroken.length > 0 ? `${message} ${brokenSentence(newlyBroken, result)}` : message);
}

/** A run that failed, or did not do what it was asked though it says so. */
function shortFault({ plan, result, outcome, unmet }: Ending, fault: MakeFault): PatchError | undefined {
  const done = unmet.length === 0 && plan.wishes.every((wish) => isProof(wish, outcome.results));
  if (result.exitCode !== 0 && !(done && TOLERABLE.includes(classify(textOf(result))))) {
    const { code, message } = aptFailure(plan.what, result);
    return fault(code, message, { untrusted: untrustedNames(result) });
  }
  if (unmet.length === 0) return undefined;
  return fault(
    'PKG_MANAGER_ERROR',
    `apt-get reports success, but it did not do what was asked: ${unmet.join('; ')}. The job's output has apt's reasons.`,
  );
}

function textOf({ stderr, stdout }: CommandResult): string {
  return `${stderr}\n${stdout}`;
}

/** What was done, before what was not. */
function donePart({ outcome }: Ending): string {
  const changes = describeChanges(outcome.results);
  return changes === undefined ? '' : `${changes}. `;
}

const BROKEN_ADVICE =
  '"dpkg --audit" lists what is half configured, "dpkg --configure --pending" tries again; the next job tries it first.';
/** Packages whose scripts a message quotes. */
const QUOTED_LIMIT = 5;

function brokenSentence(broken: readonly InstalledPackage[], result: CommandResult): string {
  const quoted = broken.slice(0, QUOTED_LIMIT).map(({ name }) => {
    const words = scriptWords(result, name);
    return words.length === 0
      ? `${name} is not configured`
      : `${name} is not configured: ${words.join(' / ')}`;
  });
  const more = broken.length > QUOTED_LIMIT ? `; and ${broken.length - QUOTED_LIMIT} more` : '';
  return `${quoted.join('; ')}${more}.`;
}

function warningsOf({ result, stillBroken }: Ending): string[] {
  if (stillBroken.length > 0) {
    const sentence = brokenSentence(stillBroken, result);
    return [`Not of this job, and so before it: ${sentence} ${BROKEN_ADVICE}`];
  }
  if (result.exitCode === 0) return [];
  return [`apt-get ended with ${result.exitCode} all the same: ${tellingLines(textOf(result)).join(' ')}`];
}

const NOT_FETCHED = /^E: Failed to fetch (\S+) +(.*)$/;

/** Updates whose packages could not be downloaded while the others went in (`--fix-missing` of apt-get(8)). */
function notDownloaded(
  plan: JudgedPlan,
  { stderr }: CommandResult,
  after: readonly InstalledPackage[],
): LeftOut[] {
  const failed = stderr.split('\n').flatMap((line) => {
    const [, url, why] = NOT_FETCHED.exec(line) ?? [];
    return url === undefined
      ? []
      : [{ file: url.split('/').at(-1) ?? '', why: (why ?? '').replace(/ *\[IP: .*\]/, '') }];
  });
  const [first] = failed;
  if (!first) return [];
  return plan.wishes.flatMap(({ name, want, security = false }) => {
    const now = after.find((one) => isNamed(one, name));
    if (typeof want !== 'object' || now?.version === want.version) return [];
    const own = failed.find(({ file }) => file.startsWith(`${name.split(':')[0]}_`)) ?? first;
    return [
      {
        name,
        current: now?.version ?? null,
        version: want.version,
        security,
        asked: false,
        reason: `could not be downloaded: ${own.why}`,
        code: 'NETWORK_ERROR' as const,
      },
    ];
  });
}

/** Packages that apt refused to install because no trusted source has them. */
function untrustedNames({ stdout }: CommandResult): string[] {
  const lines = stdout.split('\n');
  const at = lines.findIndex((line) => line.endsWith('packages cannot be authenticated!'));
  return at < 0 ? [] : listed(lines.slice(at + 1));
}
