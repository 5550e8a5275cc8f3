import type { PatchError } from '@linux-patch/contract';

/** What the app learns beside the request. */
export interface RequestFacts {
  /** As it was sent; `Request` knows only some. */
  readonly method: string;
  /** The path in the form that everything which depends on it reads. */
  readonly path: string;
  /** Header names and values in turn, as they came; a `Headers` object hides duplicates. */
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

/** Types of a Hono app that is served by `serveApp`. */
export interface HttpEnv {
  readonly Bindings: RequestFacts;
  readonly Variables: { readonly requestId: string };
}
