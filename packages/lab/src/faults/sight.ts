/** Where an administrator finds a sentence. */
export type Place = 'status' | 'log' | 'exit code';

/** What the administrator is shown; a run fails when it is not there. */
export interface Sight {
  readonly where: Place;
  /** Part of the text, word for word. For an exit code: the number. */
  readonly text: string;
}
