import type { Clock } from '@linux-patch/runtime';
import {
  type HostPlan,
  type PackagePlans,
  PlanAnswer,
  type PlanQuestion,
  type PlanWaiting,
} from '@linux-patch/worker';
import type { WorkerLink } from './link.ts';

/** What changes would do, as the worker says it, the verdict of the policy of this host included. */
export function createWorkerPlans(options: {
  readonly link: Pick<WorkerLink, 'ask'>;
  readonly clock: Clock;
  /** Why the clock cannot be believed now; undefined when it can. */
  readonly clockFault: () => string | undefined;
}): PackagePlans {
  const { link, clock, clockFault } = options;
  const plan = async (question: PlanQuestion, { signal, limitMs }: PlanWaiting): Promise<HostPlan> => {
    const startedMs = clock.monotonicMs();
    const body = JSON.stringify(question);
    const request = () =>
      ({
        v: 1,
        op: 'plan',
        bytes: Buffer.byteLength(body),
        // Waiting for a turn counts.
        limitMs: Math.max(1, Math.round(limitMs - (clock.monotonicMs() - startedMs))),
        clockFault: clockFault(),
      }) as const;
    const answer = await link.ask(request, PlanAnswer, { body, signal });
    const { downloadBytes, diskBytes, denial, busy } = answer;
    return { ...answer, downloadBytes, diskBytes, denial, busy };
  };
  return {
    install: ({ packages, onlyUpgrade, force, noRecommends, allowDowngrade, allowRemovals }, waiting) =>
      plan(
        {
          change: 'install',
          packages: packages.map(({ name, version }) => ({ name, version })),
          onlyUpgrade,
          force,
          noRecommends,
          allowDowngrade,
          allowRemovals,
        },
        waiting,
      ),
    remove: ({ name, purge, force, allowRemovals }, waiting) =>
      plan({ change: 'remove', name, purge, force, allowRemovals }, waiting),
    rollback: ({ job, allowRemovals }, waiting) => plan({ change: 'rollback', job, allowRemovals }, waiting),
    patches: ({ selection, exclude, allowRemovals, reboot }, waiting) =>
      plan(
        {
          change: 'patches',
          selection: selection.kind === 'names' ? { ...selection, names: [...selection.names] } : selection,
          exclude: [...exclude],
          allowRemovals,
          reboot,
        },
        waiting,
      ),
  };
}
