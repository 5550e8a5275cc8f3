import { createInterface } from 'node:readline';

/** Asks for one line on the terminal; empty when there is none, or when the signal comes first. */
export type Ask = (question: string, signal: AbortSignal) => Promise<string>;

/** Asks a person at standard input; undefined where nobody is. What is typed is shown, by the terminal itself. */
export function openAsk(stderr: (text: string) => void): Ask | undefined {
  if (process.stdin.isTTY !== true) return undefined;
  return async (question, signal) => {
    stderr(question);
    const lines = createInterface({ input: process.stdin, terminal: false });
    const close = (): void => lines.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      for await (const line of lines) return line;
      return '';
    } finally {
      signal.removeEventListener('abort', close);
      lines.close();
    }
  };
}
