export { auditedRequest } from './audited-request.ts';
export { hasAddress } from './bind-address.ts';
export { isSameBoot, readBoot } from './boot.ts';
export type { Clock } from './clock.ts';
export {
  COMMAND_ENVIRONMENT,
  type Command,
  type CommandResult,
  type Commands,
  type OutputSource,
} from './commands.ts';
export { findDiskFault } from './disk-fault.ts';
export type { DurableWrite, FileFacts, Files, FreeSpace, User } from './files.ts';
export { followFile } from './follow-file.ts';
export { type FollowedFiles, followFiles } from './follow-files.ts';
export {
  LOG_LEVELS,
  type LogFields,
  type Logger,
  type LogLevel,
  redactFields,
} from './logger.ts';
export { keepMemoryLow, type ProcessMemory } from './memory.ts';
export { deviceName, findMount, type Mount, statDevice } from './mounts.ts';
export { findOpenFolders, findOpenPlace, findOpenWay } from './open-place.ts';
export { type OsRelease, readOsRelease } from './os-release.ts';
export { isStartedByRoot, ownUid, permissionAdvice } from './permission.ts';
export { findPortHolder, type PortHolder } from './port-holder.ts';
export { printable, printableLine } from './printable.ts';
export type { ProcessUsage } from './process-usage.ts';
export type { Random } from './random.ts';
export type { ReportOutput } from './report-output.ts';
export type { FramedRequest, ReceivedRequest, RequestChannel, RequestLimits } from './request-channel.ts';
export { createSequence } from './sequence.ts';
export { createServiceNotifier, type ServiceNotifier } from './service-manager/notify.ts';
export { feedWatchdog, watchdogIntervalMs } from './service-manager/watchdog.ts';
export { shellWord } from './shell-word.ts';
export { readState, writeState } from './state-file.ts';
export type { Thread, Threads } from './threads.ts';
export { WAIT_FOR_CHILD } from './wait-for-child.ts';
export { within } from './within.ts';
