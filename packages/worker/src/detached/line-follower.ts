import { StringDecoder } from 'node:string_decoder';
import type { Files } from '@linux-patch/runtime';

/** Bytes read at a time. */
const PART_BYTES = 256 * 1024;
/** Characters that are kept of what was printed; the newest win. */
const KEPT_CHARACTERS = 4 * 1024 * 1024;

interface LineFollowerOptions {
  readonly files: Files;
  readonly path: string;
  readonly onLine: (line: string) => void;
  /** Of a line with more characters the rest is left out; without it every line is whole. */
  readonly longestLine?: number;
}

/** Reads lines from a file that another program appends to. */
export class LineFollower {
  readonly #options: LineFollowerOptions;
  readonly #decoder = new StringDecoder('utf8');
  #offset = 0;
  #unfinished = '';
  #text = '';

  constructor(options: LineFollowerOptions) {
    this.#options = options;
  }

  /** Reports the complete lines that came since the last time. */
  async read(): Promise<void> {
    const { files, path } = this.#options;
    for (;;) {
      const part = await files.readPart(path, { offset: this.#offset, maxBytes: PART_BYTES });
      if (part === undefined || part.length === 0) return;
      this.#offset += part.length;
      this.#take(this.#decoder.write(Buffer.from(part)));
    }
  }

  /** Reports a last line that has no end. */
  end(): void {
    if (this.#unfinished !== '') this.#options.onLine(this.#unfinished);
    this.#unfinished = '';
  }

  text(): string {
    return this.#text;
  }

  #take(text: string): void {
    this.#text = (this.#text + text).slice(-KEPT_CHARACTERS);
    const lines = (this.#unfinished + text).split('\n');
    this.#unfinished = this.#bounded(lines.pop() ?? '');
    for (const line of lines) this.#options.onLine(this.#bounded(line.replace(/\r$/, '')));
  }

  #bounded(line: string): string {
    return line.slice(0, this.#options.longestLine);
  }
}
