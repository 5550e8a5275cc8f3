/** What a code means wherever it crosses a boundary. */
export interface ErrorTraits {
  /** HTTP status when the code is an answer; 500 for codes that never are. */
  readonly status: number;
  /** Exit code of a command that ends with it. */
  readonly exit: number;
  /** Whether the same request may succeed later without change. */
  readonly retryable: boolean;
  /** Whether the message may be shown to an HTTP peer; otherwise the peer sees only `INTERNAL_ERROR`. */
  readonly expose: boolean;
  /** Where it appears: HTTP answers, finished jobs, or a program's own output and log. */
  readonly where: 'http' | 'job' | 'both' | 'program';
  /** One sentence for the reference. */
  readonly meaning: string;
}

/** Of a code: what most have, and what few have besides. */
export function traits(
  where: ErrorTraits['where'],
  status: number,
  retryable: boolean,
  meaning: string,
  extra: Partial<Pick<ErrorTraits, 'expose' | 'exit'>> = {},
): ErrorTraits {
  return { where, status, retryable, meaning, exit: extra.exit ?? 1, expose: extra.expose ?? true };
}
