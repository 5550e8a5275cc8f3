/** Who acts, as records name them, and until when they may. */
export interface Acting {
  readonly name: string;
  /** Ends with the session or the token; absent where that cannot happen. */
  readonly cut?: AbortSignal;
}

/**
 * Refuses what somebody still does whose session or token was ended after it had let them in: a body may come slowly, and a
 * password is slow to hash. To be asked when the work is to be done, in the transaction where there is one.
 * @throws PatchError `UNAUTHORIZED`
 */
export function requireStill({ cut }: Acting): void {
  cut?.throwIfAborted();
}
