/** Severity, least first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts beside a message. Keys that name a secret never reach a sink. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log with fixed messages: what varies goes into fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every record. */
  with(fields: LogFields): Logger;
}

/** Field names whose values are secrets wherever they appear. */
const REDACTED_KEYS: ReadonlySet<string> = new Set([
  'polling_token',
  'token',
  'code',
  'host_code',
  'server_key',
  'private_key',
  'key_pem',
  'secret',
  'password',
  'current_password',
  'new_password',
  'cookie',
  'authorization',
  // What an identity provider sent a browser back with: a code in a query.
  'oidc',
]);

/** Copies fields with secrets replaced by `[redacted]`, at any depth; errors become `{name, message, code}`. */
export function redactFields(value: unknown, depth = 0): unknown {
  if (depth > 6) return '[deep]';
  if (value instanceof Error) {
    const code = (value as { code?: unknown }).code;
    return { name: value.name, message: value.message, ...(code === undefined ? {} : { error_code: code }) };
  }
  if (Array.isArray(value)) return value.map((item) => redactFields(item, depth + 1));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      REDACTED_KEYS.has(key) ? '[redacted]' : redactFields(item, depth + 1),
    ]),
  );
}
