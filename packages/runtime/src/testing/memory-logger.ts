import { type LogFields, type Logger, type LogLevel, redactFields } from '../logger.ts';

/** One record as a sink would see it. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A logger that keeps what it is told, redacted as in production. */
export function memoryLogger(): Logger & { readonly records: LogRecord[] } {
  const records: LogRecord[] = [];
  const make = (own: LogFields): Logger => {
    const write =
      (level: LogLevel) =>
      (message: string, fields: LogFields = {}): void => {
        records.push({
          level,
          message,
          fields: redactFields({ ...own, ...fields }) as Record<string, unknown>,
        });
      };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      with: (fields) => make({ ...own, ...fields }),
    };
  };
  return Object.assign(make({}), { records });
}
