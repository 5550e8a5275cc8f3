import type { IncomingMessage } from 'node:http';
import { PatchError } from '@linux-patch/contract';
import { readBounded } from './client/read-bounded.ts';

/**
 * Reads a request's body, giving up at the limit however the length was announced.
 * @throws PatchError `BODY_TOO_LARGE`; `INVALID_REQUEST` when the caller hung up
 */
export async function readBodyBytes(incoming: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  const tooLarge = (): PatchError =>
    new PatchError('BODY_TOO_LARGE', `The body is larger than ${limitBytes} bytes.`, {
      details: { limit_bytes: limitBytes },
    });
  if (Number(incoming.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  return received(incoming, limitBytes, tooLarge);
}

async function received(
  incoming: IncomingMessage,
  limitBytes: number,
  tooLarge: () => PatchError,
): Promise<Buffer> {
  try {
    // The connection stays for the answer, also when the body is not wanted any more.
    return await readBounded(incoming.iterator({ destroyOnReturn: false }), limitBytes, tooLarge);
  } catch (error) {
    if (!incoming.destroyed || error instanceof PatchError) throw error;
    throw new PatchError('INVALID_REQUEST', 'The caller hung up in the middle of its body.', {
      cause: error,
    });
  }
}
