/** Exit codes of `status` and `doctor`, for scripts. 1 is left for what cannot be read at all. */
export const EXAMINED_EXIT = {
  well: 0,
  /** Something is under way or weaker than it should be; the host works or will by itself. */
  underWay: 3,
  /** A person is needed. */
  needsPerson: 4,
} as const;
