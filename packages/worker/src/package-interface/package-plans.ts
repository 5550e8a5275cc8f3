import type { PlanStep, PolicyDenial } from '@linux-patch/contract';
import type { LeftOut } from './left-out.ts';
import type { InstallWish, RemoveWish, RollbackWish, UpdateWish } from './package-operations.ts';

/** What a change would do to this host now. */
export interface HostPlan {
  readonly steps: readonly PlanStep[];
  readonly hash: string;
  /** What was asked for, or waits, and stays as it is. */
  readonly left: readonly LeftOut[];
  /** Of all archives, by the package lists; undefined when not known. */
  readonly downloadBytes: number | undefined;
  /** What the packages take more afterwards; undefined when not known. */
  readonly diskBytes: number | undefined;
  readonly reboot: 'yes' | 'no' | 'unknown';
  /** Why the policy of the host would deny the change now; undefined when it would not. */
  readonly denial: PolicyDenial | undefined;
  /** Who works with the package database now. */
  readonly busy: string | undefined;
  /** Epoch milliseconds. */
  readonly plannedAtMs: number;
}

/** Who waits for a plan. */
export interface PlanWaiting {
  /** Aborts when nobody does any more. */
  readonly signal: AbortSignal;
  /** How long they do. */
  readonly limitMs: number;
}

/**
 * Says what changes would do, without a lock and without changing anything. Everything rejects with a PatchError when the
 * package manager cannot say; where somebody else works with the packages then, the message names who.
 */
export interface PackagePlans {
  install(wish: InstallWish, waiting: PlanWaiting): Promise<HostPlan>;
  remove(wish: RemoveWish, waiting: PlanWaiting): Promise<HostPlan>;
  /** What is not to be had any more is left out, and then nothing would be done. @throws as `RecordedChanges` */
  rollback(wish: RollbackWish, waiting: PlanWaiting): Promise<HostPlan>;
  /** @param wish.reboot whether the host may reboot for them */
  patches(
    wish: UpdateWish & { readonly reboot?: boolean | undefined },
    waiting: PlanWaiting,
  ): Promise<HostPlan>;
}
