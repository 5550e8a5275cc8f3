import { ERRORS, type ErrorCode, type ErrorTraits } from './errors.ts';

/** One thing wrong with an input, addressed so that it can be found. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** The one error class of both programs: a code from the table, a message for people, facts for machines. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get traits(): ErrorTraits {
    return ERRORS[this.code];
  }
}

/** Whether an unknown thrown value is a `PatchError`, optionally of one of these codes. */
export function isPatchError(error: unknown, ...codes: readonly ErrorCode[]): error is PatchError {
  return error instanceof PatchError && (codes.length === 0 || codes.includes(error.code));
}

/** A message for people from whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
