export { BACKENDS } from './packages/backends.ts';
export { describeChanges } from './packages/describe-results.ts';
export { sessionService, systemdService } from './packages/detached/service.ts';
export { createDetachedWork, type DetachedWork } from './packages/detached/work.ts';
export { packageEnvironment } from './packages/environment.ts';
export { describeLeftOut, type LeftOut } from './packages/left-out.ts';
export { nameOfHolder } from './packages/locks.ts';
export { matchesGlob } from './packages/name-pattern.ts';
export { openPackageManager } from './packages/open.ts';
export type { PackageInventory, SourceState } from './packages/package-inventory.ts';
export type { PackageManager } from './packages/package-manager.ts';
export type {
  ChangePermission,
  OperationOutcome,
  OperationRun,
  PackageOperations,
  SourceFailure,
} from './packages/package-operations.ts';
export type { HostPlan, PackagePlans, PlanWaiting } from './packages/package-plans.ts';
export { openSnapshotFile } from './packages/snapshot-file.ts';
export { createSnapshotKeeper, type SnapshotKeeper } from './packages/snapshot-keeper.ts';
