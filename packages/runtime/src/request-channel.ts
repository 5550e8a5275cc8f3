/** A request as it came in: one line, and as many raw bytes after it as that line says. */
export interface FramedRequest {
  readonly line: string;
  readonly body: Uint8Array;
}

/** How a request came in, as far as it came. */
export type ReceivedRequest =
  | ({ readonly kind: 'request' } & FramedRequest)
  /** More bytes than allowed without an end of line. */
  | { readonly kind: 'too_long' }
  /** The time was over before the line was. */
  | { readonly kind: 'too_late' }
  /** The other side ended before its line did. */
  | { readonly kind: 'cut' }
  /** The line says that more bytes follow it than may. */
  | { readonly kind: 'body_too_long'; readonly bytes: number }
  /** The time was over before the bytes were there that the line says. */
  | { readonly kind: 'body_too_late'; readonly bytes: number; readonly came: number }
  /** The other side ended before it had sent the bytes that the line says. */
  | { readonly kind: 'body_cut'; readonly bytes: number; readonly came: number }
  /** Something follows the line, or the bytes that it says. */
  | { readonly kind: 'more'; readonly bytes: number };

export interface RequestLimits {
  /** Of the line. */
  readonly lineBytes: number;
  /** Of what follows the line. */
  readonly bodyBytes: number;
  /** For the line, and as long again for what follows it. */
  readonly timeoutMs: number;
}

/** One request and one answer, over a socket or a pipe. */
export interface RequestChannel {
  /** Whether who asks has started this process, as the same user; a socket of the service manager is somebody else's. */
  readonly isStarters: boolean;
  /**
   * Reads one line of UTF-8 and what belongs to it, once. Never rejects.
   * @param bodyOf how many bytes a line says that follow it; 0 for a line that does not say so
   */
  receive(limits: RequestLimits, bodyOf: (line: string) => number): Promise<ReceivedRequest>;
  /** Sends a line and closes; resolves when it is handed over, the other side is gone, or the time is over. Never rejects. */
  answer(line: string, limits: Pick<RequestLimits, 'timeoutMs'>): Promise<void>;
}
