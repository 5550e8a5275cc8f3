export {
  BeginAnswer,
  CancelAnswer,
  type EarlierJob,
  ForgetAnswer,
  InstanceAnswer,
  type RawChange,
  RunStateAnswer,
  StartAnswer,
  TakeOverAnswer,
  WithdrawAnswer,
} from './admission/change.ts';
export { keyConflict, nameChange } from './admission/name-change.ts';
export { ordersFolder, workerFolder } from './admission/orders.ts';
export { pinPlace } from './admission/pin-place.ts';
export { listRootsJobs, type RootsJob, readRootsJob, rootsMark, runFolder } from './admission/run-place.ts';
export { askedSeldom } from './detached/asked-seldom.ts';
export { LineFollower } from './detached/line-follower.ts';
export type { DetachedService } from './detached/service.ts';
export {
  differingFacts,
  HostBinding,
  isOtherHost,
  mergeBindings,
  readHostBinding,
} from './instance/host-binding.ts';
export { readMachineId } from './instance/machine-id.ts';
export type {
  Executor,
  JobContext,
  JobOutcome,
  JobReporter,
  Work,
  WorkOutcome,
} from './jobs/executor-interface.ts';
export { NO_TEXT } from './jobs/job-output.ts';
export { type ApplyJobRequest, isExclusive, JobRequest, needsTransaction } from './jobs/job-request.ts';
export { JobJournal, type JournalEntry } from './jobs/journal.ts';
export type { NamedRequest } from './jobs/named-request.ts';
export { type HistoryLimits, outdatedJobs } from './jobs/recovery.ts';
export { runJob } from './jobs/run-job.ts';
export { RunningJob } from './jobs/running-job.ts';
export { createJob, isFinished, type JobCore, transition } from './jobs/state.ts';
export { type OutlivingWork, takeUp } from './jobs/take-up.ts';
export { createCacheRefresher, type Refreshed } from './lists/cache-refresh.ts';
export { openPackageCache, type PackageCache } from './lists/cache-state.ts';
export type { SourceHistory } from './lists/source-history.ts';
export { BACKENDS } from './package-interface/backends.ts';
export { policyError } from './package-interface/change-policy.ts';
export { findBackend } from './package-interface/find-backend.ts';
export type { LeftOut } from './package-interface/left-out.ts';
export { matchesGlob } from './package-interface/name-pattern.ts';
export type { PackageInventory, SourceState } from './package-interface/package-inventory.ts';
export type { RefreshedSources, SourceFailure } from './package-interface/package-operations.ts';
export type { HostPlan, PackagePlans, PlanWaiting } from './package-interface/package-plans.ts';
export { watchedKey } from './package-interface/watched-files.ts';
export { describePolicy } from './policy/describe.ts';
export { isFaulty, type PolicyReading } from './policy/policy.ts';
export { checkPolicyFile, readPolicy } from './policy/read.ts';
export { PolicySchema } from './policy/schema.ts';
export { readTimeZone } from './policy/time-zone.ts';
export { WorkerAnswer } from './requests/answer.ts';
export { StateAnswer } from './requests/host-state.ts';
export { FaultsAnswer } from './requests/package-faults.ts';
export { DetailAnswer, ListingState, PackageListing } from './requests/package-listing.ts';
export { RefreshAnswer, SourcesAnswer } from './requests/package-lists.ts';
export { PlanAnswer, type PlanQuestion } from './requests/plan-question.ts';
export type { WorkerRequest } from './requests/request.ts';
export { PortHolderAnswer, RootsFileAnswer } from './requests/roots-file.ts';
export { RunReport } from './run/report.ts';
export { JobKeyAnswer, type JobKeyWord } from './signature/job-key-word.ts';
export { type JoinCredential, type JoinPlaces, joinPlaces, readJoinString } from './signature/join-string.ts';
export { type PinPlace, readPinnedKey } from './signature/pinned-key.ts';
