import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { canBeTypedAt } from './terminal.ts';

/** How to ask. */
export interface AskOptions {
  /** What is typed does not appear on the terminal. */
  readonly hidden: boolean;
}

/** Asks for one line on the terminal; empty when there is none, or when the signal comes first. */
export type Ask = (question: string, signal: AbortSignal, options?: AskOptions) => Promise<string>;

/** Asks a person at standard input; undefined where nobody is. What is typed is shown, by the terminal itself. */
export function openAsk(stderr: (text: string) => void): Ask | undefined {
  if (!canBeTypedAt()) return undefined;
  return async (question, signal, { hidden } = { hidden: false }) => {
    stderr(question);
    // A line editor puts the terminal into raw mode, in which nothing but the editor shows what is typed.
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({
      input: process.stdin,
      terminal: hidden,
      ...(hidden ? { output: nowhere, historySize: 0 } : {}),
    });
    const close = (): void => lines.close();
    signal.addEventListener('abort', close, { once: true });
    // In raw mode the terminal makes no signal of Ctrl-C.
    lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    try {
      for await (const line of lines) return line;
      return '';
    } finally {
      signal.removeEventListener('abort', close);
      lines.close();
      if (hidden) stderr('\n');
    }
  };
}
