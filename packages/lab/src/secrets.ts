import { createPrivateKey } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Shorter texts would be found by chance. */
const SHORTEST = 12;
/** What a line of PEM text holds (RFC 7468 §2). */
const BYTES_PER_LINE = 48;

/** Everything that must not be seen, in every form in which it could be. */
export class SecretLedger {
  readonly #needles = new Map<string, Buffer[]>();

  /** A token, code or password. */
  add(name: string, text: string): void {
    if (text.length < SHORTEST) throw new RangeError(`${name} is too short to be looked for`);
    this.#note(name, [
      Buffer.from(text),
      Buffer.from(text.replaceAll('-', '')),
      Buffer.from(text).toString('base64'),
    ]);
  }

  /** A private key: the lines of its PEM text and the number itself. */
  addKey(name: string, pem: string): void {
    const { d } = createPrivateKey(pem).export({ format: 'jwk' });
    const number = Buffer.from(d ?? '', 'base64url');
    const lines = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-'));
    const at = Buffer.from(lines.join(''), 'base64').indexOf(number);
    // The rest of the text is the public half, which certificates show.
    const [from, to] = [
      Math.floor(at / BYTES_PER_LINE),
      Math.floor((at + number.length - 1) / BYTES_PER_LINE),
    ];
    const telling = at === -1 ? [] : lines.slice(from, to + 1);
    this.#note(name, [...telling, number, number.toString('hex'), number.toString('base64url')]);
  }

  get names(): readonly string[] {
    return [...this.#needles.keys()];
  }

  /** Names of the secrets that these bytes hold. */
  leaksIn(bytes: Buffer): string[] {
    return this.names.filter((name) => this.#needles.get(name)?.some((needle) => bytes.includes(needle)));
  }

  /** The same for a file of any size. */
  async leaksInFile(path: string): Promise<string[]> {
    const found = new Set<string>();
    const overlap = Math.max(0, ...[...this.#needles.values()].flat().map((needle) => needle.length));
    let tail = Buffer.alloc(0);
    for await (const chunk of createReadStream(path, { highWaterMark: 8 * 1024 * 1024 })) {
      const window = Buffer.concat([tail, chunk as Buffer]);
      for (const name of this.leaksIn(window)) found.add(name);
      tail = window.subarray(Math.max(0, window.length - overlap));
    }
    return [...found];
  }

  #note(name: string, needles: readonly (string | Buffer)[]): void {
    const all = needles.map((needle) => Buffer.from(needle)).filter((needle) => needle.length >= SHORTEST);
    if (all.length === 0) throw new RangeError(`${name} has no form that could be looked for`);
    this.#needles.set(name, [...(this.#needles.get(name) ?? []), ...all]);
  }
}

/** Every regular file below a folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  const kinds = await Promise.all(
    paths.map(async (path) => (await stat(path).catch(() => undefined))?.isFile()),
  );
  return paths.filter((_, index) => kinds[index]);
}
