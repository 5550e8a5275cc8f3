import {
  lazily,
  PackageGlob,
  PackageName,
  PackageVersion,
  PlanHash,
  ServiceUnit,
} from '@linux-patch/contract';
import { z } from 'zod';

const Names = z.array(PackageName);

/** Jobs of an earlier agent do not say them. */
const permission = {
  /** Whether packages that nobody named may go. */
  allowRemovals: z.boolean().optional(),
  /** The plan that was approved. */
  planHash: PlanHash.optional(),
};

const options = {
  ...permission,
  force: z.boolean(),
  noRecommends: z.boolean(),
  allowDowngrade: z.boolean(),
};

/** What a job does, complete enough to be done after a restart; the form in which the journal keeps it. */
export const JobRequest = lazily(() =>
  z.discriminatedUnion('operation', [
    z.strictObject({
      operation: z.literal('install'),
      packages: z.array(z.strictObject({ name: PackageName, version: PackageVersion.optional() })).min(1),
      ...options,
    }),
    z.strictObject({
      operation: z.literal('update'),
      name: PackageName,
      version: PackageVersion.optional(),
      ...options,
    }),
    z.strictObject({
      operation: z.literal('remove'),
      name: PackageName,
      purge: z.boolean(),
      force: z.boolean(),
      ...permission,
    }),
    /** What it does is on record with the worker. */
    z.strictObject({ operation: z.literal('rollback'), job: z.uuid(), ...permission }),
    z.strictObject({ operation: z.literal('hold'), names: Names.min(1) }),
    z.strictObject({ operation: z.literal('unhold'), names: Names.min(1) }),
    z.strictObject({ operation: z.literal('restart_service'), service: ServiceUnit }),
    z.strictObject({
      operation: z.literal('reboot'),
      rebootDelaySeconds: z.int().nonnegative(),
      reason: z.string().max(200).optional(),
    }),
    z.strictObject({ operation: z.literal('cancel_reboot') }),
    z.strictObject({
      operation: z.literal('patch_apply'),
      selection: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('none') }),
        z.strictObject({ kind: z.literal('all') }),
        z.strictObject({ kind: z.literal('security') }),
        z.strictObject({ kind: z.literal('names'), names: Names, securityOnly: z.boolean() }),
      ]),
      exclude: z.array(PackageGlob),
      ...permission,
      /** Whether the host may reboot afterwards, when the updates ask for it. */
      reboot: z.boolean(),
      rebootDelaySeconds: z.int().nonnegative(),
      /** Overrides `package_manager.require_all_sources`. */
      requireAllSources: z.boolean().optional(),
    }),
  ]),
);
export type JobRequest = z.infer<typeof JobRequest>;
/** What the package manager is asked for. */
export type PackageJobRequest = Exclude<JobRequest, HostJobRequest>;
/** What is no business of the package manager. */
export type HostJobRequest = Extract<
  JobRequest,
  { operation: 'restart_service' | 'reboot' | 'cancel_reboot' }
>;
export type ApplyJobRequest = Extract<JobRequest, { operation: 'patch_apply' }>;

export function isHostJob(request: JobRequest): request is HostJobRequest {
  const { operation } = request;
  return operation === 'restart_service' || operation === 'reboot' || operation === 'cancel_reboot';
}

/** Names shown in `packages` while nothing finer is known; an empty list where the request names none. */
export function packagesOf(request: JobRequest): string[] {
  switch (request.operation) {
    case 'install':
      return request.packages.map((one) => one.name);
    case 'update':
    case 'remove':
      return [request.name];
    case 'hold':
    case 'unhold':
      return [...request.names];
    case 'restart_service':
    case 'reboot':
    case 'cancel_reboot':
    case 'rollback':
      return [];
    case 'patch_apply':
      return request.selection.kind === 'names' ? [...request.selection.names] : [];
  }
}

/** Whether a job changes packages, or must not meet one that does: these are done one at a time. */
export function needsTransaction(request: JobRequest): boolean {
  // A reboot is cancelled before it comes, whatever else is done.
  if (request.operation === 'cancel_reboot') return false;
  return request.operation !== 'patch_apply' || request.selection.kind !== 'none';
}

/** Whether no other job runs beside it, not even one that changes nothing. */
export function isExclusive(request: JobRequest): boolean {
  return request.operation === 'rollback';
}
