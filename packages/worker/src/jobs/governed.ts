import { isPatchError, PolicyDenial } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import {
  askedHold,
  askedInstallation,
  askedRemoval,
  askedRollback,
  askedUpdates,
} from '../package-interface/asked.ts';
import {
  type AskedChange,
  type ChangePolicy,
  describeDenial,
  policyError,
} from '../package-interface/change-policy.ts';
import type { RecordedChanges } from '../package-interface/recorded-changes.ts';
import type { Work } from './executor-interface.ts';
import { rebootDelayMs } from './follow-with-reboot.ts';
import type { JobRequest } from './job-request.ts';

/** Where changes that come from outside meet the policy of the host. */
export interface GovernedBy {
  readonly policy: ChangePolicy;
  readonly clock: Clock;
  readonly recorded: RecordedChanges;
  /** Told of every denial, with what it was about. */
  readonly onDenied: (
    denial: PolicyDenial,
    about: { readonly job?: string; readonly operation: string },
  ) => void;
}

/** What a job asks for; undefined when it changes nothing. @throws as `RecordedChanges` */
async function askedOf(request: JobRequest, recorded: RecordedChanges): Promise<AskedChange | undefined> {
  switch (request.operation) {
    case 'install':
      return askedInstallation({ ...request, onlyUpgrade: false });
    case 'update':
      return askedInstallation({ ...request, packages: [request], onlyUpgrade: true });
    case 'remove':
      return askedRemoval(request);
    case 'rollback':
      return askedRollback(await recorded(request.job), request);
    case 'hold':
    case 'unhold':
      return askedHold({ names: request.names, hold: request.operation === 'hold' });
    case 'restart_service':
      return RESTART;
    case 'reboot':
    case 'cancel_reboot':
      return REBOOT;
    case 'patch_apply': {
      const { selection } = request;
      return selection.kind === 'none' ? undefined : askedUpdates({ ...request, selection });
    }
  }
}

/**
 * Lets a job in, or not, by what is known of it when it is asked for.
 * @throws PatchError `POLICY_DENIED`; as `RecordedChanges` for a rollback
 */
export async function admitJob(
  request: JobRequest,
  { policy, recorded }: Pick<GovernedBy, 'policy' | 'recorded'>,
): Promise<void> {
  const asked = await askedOf(request, recorded);
  const denial = asked && (await policy.read()).refuseAsked(asked);
  if (denial) throw policyError(denial);
}

/**
 * The same work, which does not begin when the policy, read afresh, forbids it by then. What an earlier agent had begun goes
 * on. What only the steps of a change show is judged where they are known, right before it.
 */
export function governWork(
  work: Work,
  governed: GovernedBy,
  hasBegun: (jobId: string) => Promise<boolean>,
): Work {
  return async (request, context) => {
    const { jobId: job } = context;
    try {
      if (!(await hasBegun(job))) await requireAllowed(request, governed);
      return await work(request, context);
    } catch (error) {
      const denial = isPatchError(error, 'POLICY_DENIED')
        ? PolicyDenial.safeParse(error.details['policy']).data
        : undefined;
      if (denial) governed.onDenied(denial, { job, operation: request.operation });
      throw error;
    }
  };
}

/** @throws PatchError `POLICY_DENIED` */
async function requireAllowed(request: JobRequest, { policy, clock, recorded }: GovernedBy): Promise<void> {
  const asked = await askedOf(request, recorded);
  if (!asked) return;
  const rules = await policy.read();
  const beginsMs = beginOf(request, clock.now());
  const denial =
    rules.refuseAsked(asked) ?? (beginsMs === undefined ? undefined : rules.refuseMoment(beginsMs));
  if (denial) throw policyError(denial);
}

/** When what a job changes begins, epoch milliseconds; undefined for what may be done at any time. */
function beginOf(request: JobRequest, nowMs: number): number | undefined {
  if (request.operation === 'cancel_reboot') return undefined;
  return request.operation === 'reboot' ? nowMs + rebootDelayMs(request) : nowMs;
}

const RESTART: AskedChange = {
  operations: ['restart-service'],
  names: [],
  allowRemovals: false,
  overrides: [],
};
const REBOOT: AskedChange = { operations: ['reboot'], names: [], allowRemovals: false, overrides: [] };

/** Says beforehand why the policy forbids a reboot at that time, as a clause; undefined when it does not. */
export function refuseReboot({
  policy,
  onDenied,
}: Pick<GovernedBy, 'policy' | 'onDenied'>): (job: string, dueMs: number) => Promise<string | undefined> {
  return async (job, dueMs) => {
    const rules = await policy.read();
    const denial = rules.refuseAsked(REBOOT) ?? rules.refuseMoment(dueMs);
    if (!denial) return undefined;
    onDenied(denial, { job, operation: 'reboot' });
    return describeDenial(denial);
  };
}
