import type { PatchError } from '@linux-patch/contract';

/** A request as its routes see it. */
export interface HttpRequest {
  readonly method: string;
  /** The path in the form that everything which depends on it reads. */
  readonly path: string;
  /** The query with its question mark, or nothing. */
  readonly search: string;
  /** The value of a header, whatever case its name has; of one that came several times, all of them. */
  readonly header: (name: string) => string | undefined;
  /** Header names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  /** Why the request cannot be served whatever it asks for. */
  readonly fault?: PatchError | undefined;
  /**
   * Reads the whole body, byte by byte as it came.
   * @throws PatchError `BODY_TOO_LARGE`; `INVALID_REQUEST` when the caller hung up
   */
  readonly readBody: (limitBytes: number) => Promise<Uint8Array>;
  /** Aborts when the caller hangs up or the server stops. */
  readonly signal: AbortSignal;
}

/** A request on its way to its answer. */
export interface Exchange<R extends HttpRequest> {
  readonly request: R;
  /** Under which answer and log tell of it. */
  readonly requestId: string;
  /** Parts of the path, percent-decoded and unchecked, by the names that the route gives them; none without a route. */
  readonly parameters: Readonly<Record<string, string>>;
}
