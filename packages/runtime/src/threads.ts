/** A program that runs in a thread of this process. */
export interface Thread {
  /** Hands it a copy. */
  readonly post: (message: unknown) => void;
  /** Resolves when it has ended: with why when it failed, with undefined when it was told to end or left. Never rejects. */
  readonly ended: Promise<Error | undefined>;
  /** Ends it as soon as it comes back from native code, whatever it is doing. */
  readonly end: () => Promise<void>;
}

/** The door to threads. */
export interface Threads {
  /**
   * Starts a program that belongs to this one.
   * @param data a copy of which it is started with
   * @param onMessage told what it says
   */
  start(name: string, data: unknown, onMessage: (message: unknown) => void): Thread;
}
