/** A call that did not succeed, with words for people. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  /** Of the manager's table of errors; `UNREACHABLE` when nothing came back from it, `SILENT` when that was waited for. */
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Under which the manager's log tells of it. */
  readonly requestId: string | undefined;

  constructor(failure: {
    readonly code: string;
    readonly message: string;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly requestId?: string;
  }) {
    super(failure.message);
    this.code = failure.code;
    this.details = failure.details ?? {};
    this.requestId = failure.requestId;
  }
}

/** Whether nothing came back from the manager: every other question then fails in the same way. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof CallFailure && ['UNREACHABLE', 'SILENT'].includes(error.code);
}

/** What is known of a failure of any kind. */
export function failureOf(error: unknown): CallFailure {
  if (error instanceof CallFailure) return error;
  return new CallFailure({
    code: 'PAGE_FAULT',
    message: `The page made a mistake: ${error instanceof Error ? error.message : String(error)}. Load it anew.`,
  });
}
