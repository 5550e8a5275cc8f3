import { resolve } from 'node:path';
import { type Job, PatchError, type Plan } from '@linux-patch/contract';
import { auditedRequest, type Files, ownUid, printableLine } from '@linux-patch/runtime';
import { createProgressDisplay, describeEnd, describePlan } from '@linux-patch/runtime/printed';
import { policyError } from '@linux-patch/worker';
import { type AgentContext, EXIT } from '../app/agent-context.ts';
import { type HostChanges, openHostChanges } from '../app/host-listings.ts';
import { type AskedChange, changeRequest, planOf } from './change-request.ts';
import { EXAMINED_EXIT } from './exit-codes.ts';

/** What a command that changes packages is asked for. */
export interface ChangeInvocation {
  readonly mode: 'change';
  readonly json: boolean;
  readonly change: AskedChange;
  readonly course: ChangeCourse;
}

/** How it goes. */
export interface ChangeCourse {
  /** Only what it would do is shown. */
  readonly dryRun: boolean;
  /** Nobody is asked. */
  readonly yes: boolean;
  /** Whether the package lists are refreshed before the plan. */
  readonly refresh: boolean;
  /** Whether the end of the job is waited for. */
  readonly wait: boolean;
  /** The plan that was approved; it is not shown again. */
  readonly plan: string | undefined;
}

type ChangeContext = Pick<AgentContext, 'host' | 'settings' | 'time' | 'report' | 'program'>;

/** Somebody sits in front of it, who can end it. */
const PLAN_LIMIT_MS = 9 * 60_000;

const APPROVE = 'To do exactly this, repeat the command with --plan and this hash instead of --dry-run.';

/** What a plan comes to: an exit code, or that it is to be done. */
type Approval = { readonly exit: number } | { readonly planHash: string | undefined };

/** `apply`, `install`, `remove`, `hold`, `unhold` and `rollback`, as root of this host. Returns the exit code. */
export async function changePackages(context: ChangeContext, asked: ChangeInvocation): Promise<number> {
  using stack = new DisposableStack();
  const host = await openHostChanges(context, stack);
  const approval = await approve(context, asked, host);
  if ('exit' in approval) return approval.exit;
  const job = await host.door.start(changeRequest(asked.change, approval.planHash));
  context.report.audit.record('change_by_root', auditedRequest({ job, ...about(asked.change) }));
  const say = asked.json ? context.program.stderr : context.program.stdout;
  say(`Job ${job} has begun; ${lookAt(job)}\n`);
  if (!asked.course.wait) {
    if (asked.json) context.program.stdout(`${JSON.stringify({ job_id: job }, null, 2)}\n`);
    return EXIT.clean;
  }
  return followToEnd(context, host, { job, json: asked.json });
}

const lookAt = (job: string): string => `look with: linux-patch-api job ${job} --follow`;

function about(change: AskedChange): Readonly<Record<string, unknown>> {
  if (change.kind === 'apply') return { operation: 'patch_apply', request: change.request };
  if (change.kind === 'packages') return { operation: change.request.operation, request: change.request };
  return { operation: change.kind, request: { packages: change.packages } };
}

/**
 * The worker that this command starts may do what its user may; whoever is not root is told so before anything is asked.
 * To be called while nobody else's rights are acted with.
 */
export async function requireRoot(root: string, files: Files): Promise<void> {
  if (resolve(root) !== '/' || (await ownUid(files)) === 0) return;
  throw new PatchError('FORBIDDEN', 'Only root changes the packages of this host: sudo linux-patch-api …');
}

async function approve(
  context: ChangeContext,
  { change, course, json }: ChangeInvocation,
  host: HostChanges,
): Promise<Approval> {
  const { program, time } = context;
  if (course.plan !== undefined) return { planHash: course.plan };
  const say = json ? program.stderr : program.stdout;
  if (course.refresh) await refresh(context, host, say);
  const plan = await planOf(change, host.sources, { signal: time.signal, limitMs: PLAN_LIMIT_MS });
  if (!plan) return { planHash: undefined };
  const nowMs = time.clock.now();
  if (course.dryRun) {
    program.stdout(
      `${json ? JSON.stringify(plan, null, 2) : describePlan(plan, { nowMs, approve: APPROVE })}\n`,
    );
    return { exit: EXIT.clean };
  }
  say(`${describePlan(plan, { nowMs })}\n`);
  if (plan.policy) throw policyError(plan.policy);
  if (plan.steps.length === 0) return { exit: EXIT.clean };
  if (course.yes || (await isWanted(context, plan))) return { planHash: plan.plan_hash };
  program.stderr('Nothing was begun.\n');
  return { exit: EXIT.error };
}

async function refresh(
  { program, time }: ChangeContext,
  host: HostChanges,
  say: (text: string) => void,
): Promise<void> {
  say('Refreshing the package lists …\n');
  for (const { source, reason } of await host.refresh(time.signal))
    program.stderr(`${printableLine(`Not refreshed: ${source}: ${reason}`)}\n`);
}

/** @throws PatchError where nobody can be asked */
async function isWanted({ program, time }: ChangeContext, plan: Plan): Promise<boolean> {
  if (!program.ask)
    throw new PatchError(
      'INVALID_REQUEST',
      'Nobody can be asked here whether this is to be done, so nothing was begun. Say --yes, or --plan with the hash above.',
    );
  const count = plan.steps.length === 1 ? 'this step' : `these ${plan.steps.length} steps`;
  const answer = await program.ask(`Do ${count}? [y/N] `, time.signal);
  return /^y(?:es)?$/i.test(answer.trim());
}

async function followToEnd(
  { program, time }: ChangeContext,
  { door }: HostChanges,
  { job: id, json }: { readonly job: string; readonly json: boolean },
): Promise<number> {
  const display = createProgressDisplay(
    json ? { write: program.stderr, redraw: undefined } : { write: program.stdout, redraw: program.redraw },
  );
  let job: Job | undefined;
  try {
    job = await door.look(id, { onJob: (now) => display.show(now), signal: time.signal });
  } catch (error) {
    if (!time.signal.aborted) throw error;
  } finally {
    display.end();
  }
  if (!job) {
    program.stderr(`Not waited for any more. The job goes on; ${lookAt(id)}\n`);
    return EXAMINED_EXIT.underWay;
  }
  program.stdout(`${json ? JSON.stringify(job, null, 2) : describeEnd(job, time.clock.now())}\n`);
  return job.status === 'completed' ? EXAMINED_EXIT.well : EXAMINED_EXIT.needsPerson;
}
