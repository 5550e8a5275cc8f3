/** In this header a caller on the manager's own machine says for whom it was started; it proves nothing. */
export const SAYS_HEADER = 'Linux-Patch-Says';

const SAID_CHARACTERS = 64;

/** A name as it can stand in that header and in a record: what is not of a user name becomes a question mark. */
export function saidName(text: string): string {
  return text.slice(0, SAID_CHARACTERS).replaceAll(/[^\w.@\\+-]/g, '?');
}
