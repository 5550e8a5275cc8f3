import { isatty } from 'node:tty';
import { printable, printableLine } from '../printable.ts';

/** What a program says to people. Nothing else writes to standard output or standard error. */
export interface Terminal {
  /** Whoever the text is from, only printable characters and line feeds arrive (see `printable`). */
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Draws a line of standard output again; undefined where that is no terminal. */
  readonly redraw: ((line: string) => void) | undefined;
  /** Whether somebody reads standard error on a terminal. */
  readonly isAttended: boolean;
}

/** To the first column, and clear the line (ECMA-48 §8.3.41). */
const LINE_START = '\r\u001b[K';

/** The process ends in order, with what its last answer was; an error that nobody caught is shown as all else. */
function prepareProcess(stderr: (text: string) => void): void {
  // A log that cannot be written, on a full disk or without a reader, is no reason to end.
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough, such as head(1), is no failure.
    if (error.code === 'EPIPE') process.exit();
    stderr(`The output could not be written (${error.code ?? error.message}).\n`);
    process.exit(1);
  });
  process.on('uncaughtException', (error) => {
    stderr(`Unexpected fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  });
}

/** Whether somebody may answer at standard input, which is not opened for that. */
export function canBeTypedAt(): boolean {
  return isatty(0);
}

/** The terminal, or the pipes, of this process. */
export function openTerminal(): Terminal {
  const stderr = (text: string): void => void process.stderr.write(printable(text));
  prepareProcess(stderr);
  const redraw = (line: string): void => void process.stdout.write(`${LINE_START}${printableLine(line)}`);
  return {
    stdout: (text) => void process.stdout.write(printable(text)),
    stderr,
    redraw: process.stdout.isTTY === true ? redraw : undefined,
    isAttended: process.stderr.isTTY === true,
  };
}
