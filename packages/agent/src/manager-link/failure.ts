import { type ErrorCode, PatchError } from '@linux-patch/contract';

/** How a request to the manager failed, which decides how long to wait. */
export type FailureKind = 'transient' | 'throttled' | 'protocol' | 'security' | 'stopped';

const CODES: Record<FailureKind, ErrorCode> = {
  transient: 'MANAGER_UNREACHABLE',
  throttled: 'MANAGER_UNREACHABLE',
  stopped: 'MANAGER_UNREACHABLE',
  protocol: 'MANAGER_PROTOCOL',
  security: 'MANAGER_UNTRUSTED',
};

/** A request that brought no answer of a manager. */
export class ManagerFailure extends PatchError {
  readonly kind: FailureKind;
  /** What `Retry-After` asked for, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Whether a wrong clock of this host would explain it. */
  readonly isAboutDates: boolean;

  constructor(
    kind: FailureKind,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly retryAfterMs?: number | undefined;
      readonly details?: Readonly<Record<string, unknown>>;
      readonly isAboutDates?: boolean;
    } = {},
  ) {
    super(CODES[kind], message, {
      cause: options.cause,
      ...(options.details ? { details: options.details } : {}),
    });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
    this.isAboutDates = options.isAboutDates ?? false;
  }
}
