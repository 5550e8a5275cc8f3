/** What a page holds of a job's output; the newest of more. Characters. */
const MOST = 64 * 1024;

/** The newest of what a job printed. */
export interface OutputTail {
  readonly text: string;
  /** Whether there was more than is held. */
  readonly isCut: boolean;
}

export const NO_OUTPUT: OutputTail = { text: '', isCut: false };

/** Adds what came last; whole lines only are left out. */
export function addOutput({ text, isCut }: OutputTail, more: string): OutputTail {
  const joined = text === '' ? more : `${text}\n${more}`;
  if (joined.length <= MOST) return { text: joined, isCut };
  const kept = joined.slice(-MOST);
  const lineEnd = kept.indexOf('\n');
  return { text: lineEnd === -1 ? kept : kept.slice(lineEnd + 1), isCut: true };
}
