import { createHash } from 'node:crypto';
import type { Files } from '@linux-patch/runtime';

const PIECE_BYTES = 1_024 ** 2;

/** A file piece by piece, for those that are too large to be held. */
export async function* readPieces(
  files: Files,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let offset = 0; ; ) {
    signal.throwIfAborted();
    const piece = await files.readPart(path, { offset, maxBytes: PIECE_BYTES });
    if (!piece || piece.length === 0) return;
    offset += piece.length;
    yield piece;
  }
}

/** The pieces as they pass; afterwards their number of bytes and SHA-256, hexadecimal. */
export function measured(pieces: AsyncIterable<Uint8Array>) {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* pass(): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      hash.update(piece);
      bytes += piece.length;
      yield piece;
    }
  }
  return { pieces: pass(), facts: () => ({ bytes, sha256: hash.digest('hex') }) };
}
