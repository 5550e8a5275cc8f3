export { systemClock } from './clock.ts';
export { nodeCommands } from './commands.ts';
export { withholdCores } from './core-dumps.ts';
export { systemFiles } from './files.ts';
export { type LineSink, lineLogger, stderrSink } from './logger.ts';
export { processUsage } from './process-usage.ts';
export { systemRandom } from './random.ts';
export { syslogSink } from './syslog.ts';
