import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Random } from '@linux-patch/runtime';
import { rawErrorAnswer } from './raw-answer.ts';

/** Status and words for what Node's parser found wrong with a request. */
function wordsFor(
  error: NodeJS.ErrnoException,
  headerLimitBytes: number,
): { readonly status: number; readonly message: string } {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return { status: 431, message: `The request headers are larger than ${headerLimitBytes} bytes.` };
  }
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { status: 408, message: 'The request did not arrive in time.' };
  }
  return { status: 400, message: 'The request is not valid HTTP/1.1.' };
}

/** Faults of HTTP (Node's parser and its limits of time); connections and handshakes that fail are told of here, too. */
const OF_HTTP = /^(?:HPE|ERR_HTTP)_/;

/** How long a caller may take to read why it was refused. */
const STALLED_MS = 2_000;

/** Listens to `clientError`: a request that cannot be parsed, or did not come in time, is answered in the envelope. */
export function badRequestAnswer(options: {
  readonly clock: Clock;
  readonly random: Random;
  readonly headerLimitBytes: number;
}): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  return (error, socket) => {
    // In the middle of another answer there is no place for this one.
    if (!OF_HTTP.test(error.code ?? '') || !socket.writable || socket.writableLength > 0) {
      socket.destroy();
      return;
    }
    const stamp = { requestId: options.random.uuid(), nowMs: options.clock.now() };
    const words = wordsFor(error, options.headerLimitBytes);
    if (socket instanceof Socket) socket.setTimeout(STALLED_MS, () => socket.destroy());
    socket.end(rawErrorAnswer({ code: 'INVALID_REQUEST', ...words, ...stamp }), () => socket.destroy());
  };
}
