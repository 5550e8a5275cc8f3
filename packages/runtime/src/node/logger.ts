import { LOG_LEVELS, type LogFields, type Logger, type LogLevel, redactFields } from '../logger.ts';
import { printableLine } from '../printable.ts';

/** Writes one line. */
export type LineSink = (line: string, level: LogLevel) => void;

/** Where journald is the reader, a `<N>` prefix gives the line its syslog priority (sd-daemon(3)). */
const JOURNAL_PREFIX: Record<LogLevel, string> = { debug: '<7>', info: '<6>', warn: '<4>', error: '<3>' };

function formatValue(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? 'undefined';
}

function formatFields(fields: LogFields): string {
  const safe = redactFields(fields) as Record<string, unknown>;
  return Object.entries(safe)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${formatValue(value)}`)
    .join('');
}

/** A logger that formats `message key=value …` lines at or above `level`, printable whatever is in them, and hands them to `sink`. */
export function lineLogger(options: {
  readonly level: LogLevel;
  readonly sink: LineSink;
  readonly fields?: LogFields;
}): Logger {
  const threshold = LOG_LEVELS.indexOf(options.level);
  const own = options.fields ?? {};
  const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    options.sink(printableLine(message + formatFields({ ...own, ...fields })), level);
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    with: (fields) => lineLogger({ ...options, fields: { ...own, ...fields } }),
  };
}

/** Lines on standard error: with syslog priorities under systemd, with time and level on a terminal. */
export function stderrSink(options: {
  readonly journal: boolean;
  readonly now: () => number;
  readonly stderr: (text: string) => void;
}): LineSink {
  return (line, level) => {
    const prefix = options.journal
      ? JOURNAL_PREFIX[level]
      : `${new Date(options.now()).toISOString()} ${level.toUpperCase().padEnd(5)} `;
    options.stderr(`${prefix}${line}\n`);
  };
}
