export { diskState } from './disk-state.ts';
export { freePort } from './free-port.ts';
export { ManualClock } from './manual-clock.ts';
export { type LogRecord, memoryLogger } from './memory-logger.ts';
export { startMiddlebox } from './middlebox.ts';
export { ownProgram } from './own-program.ts';
export { seededRandom } from './seeded-random.ts';
export { startSlowListener } from './slow-listener.ts';
export { temporaryFolder } from './temporary-folder.ts';
