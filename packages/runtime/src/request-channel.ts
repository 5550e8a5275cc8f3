/** How a request came in, as far as it came. */
export type ReceivedLine =
  | { readonly kind: 'line'; readonly text: string }
  /** More bytes than allowed without an end of line. */
  | { readonly kind: 'too_long' }
  /** The time was over before the line was. */
  | { readonly kind: 'too_late' }
  /** The other side ended before its line did. */
  | { readonly kind: 'cut' }
  /** Something follows the line. */
  | { readonly kind: 'more' };

export interface LineLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** One request and one answer, over a socket or a pipe. */
export interface RequestChannel {
  /** Reads one line of UTF-8, once. Never rejects. */
  receive(limits: LineLimits): Promise<ReceivedLine>;
  /** Sends a line and closes; resolves when it is handed over, the other side is gone, or the time is over. Never rejects. */
  answer(line: string, limits: Pick<LineLimits, 'timeoutMs'>): Promise<void>;
}
