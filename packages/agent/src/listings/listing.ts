/** A listing that is made only for who does not have it yet. */
export interface Listing<T> {
  /** What the answer depends on; undefined where nobody can know before it is made. */
  readonly basis: object | undefined;
  readonly make: () => Promise<T>;
}
