import { Socket } from 'node:net';
import type { LineLimits, ReceivedLine, RequestChannel } from '../request-channel.ts';

/** The first descriptor that a service manager hands over (sd_listen_fds(3)). */
const FIRST_PASSED = 3;

function openSocket(fd: number, can: { readonly readable: boolean; readonly writable: boolean }): Socket {
  let socket: Socket;
  try {
    socket = new Socket({ fd, ...can, allowHalfOpen: true });
  } catch (cause) {
    throw new Error(`descriptor ${fd} is neither a pipe nor a socket, so nobody can ask over it`, { cause });
  }
  // A side that is gone ends the reading; there is nobody to tell.
  socket.on('error', () => {});
  return socket;
}

/**
 * The channel of this process: the connection that the service manager accepted (`Accept=yes`), else standard input and
 * output, which have to be pipes or sockets.
 * @throws when they are something else
 */
export function openRequestChannel(
  environment: Readonly<Record<string, string | undefined>>,
): RequestChannel {
  const passed = environment['LISTEN_FDS'] === '1' && environment['LISTEN_PID'] === String(process.pid);
  const incoming = openSocket(passed ? FIRST_PASSED : 0, { readable: true, writable: passed });
  const outgoing = passed ? incoming : openSocket(1, { readable: false, writable: true });
  return {
    receive: (limits) => receive(incoming, limits),
    answer: (line, limits) => answer(outgoing, line, limits),
  };
}

/** What has come is a line, or can become none any more. */
function judge(
  bytes: Buffer,
  ended: boolean,
  { maxBytes }: Pick<LineLimits, 'maxBytes'>,
): ReceivedLine | undefined {
  const end = bytes.indexOf('\n');
  if (end > maxBytes || (end < 0 && bytes.length > maxBytes)) return { kind: 'too_long' };
  if (end < 0) return ended ? { kind: 'cut' } : undefined;
  if (bytes.length > end + 1) return { kind: 'more' };
  return { kind: 'line', text: bytes.toString('utf8', 0, end) };
}

function receive(socket: Socket, limits: LineLimits): Promise<ReceivedLine> {
  const { promise, resolve } = Promise.withResolvers<ReceivedLine>();
  let bytes = Buffer.alloc(0);
  const look = (ended: boolean): void => {
    const judged = judge(bytes, ended, limits);
    if (judged) resolve(judged);
  };
  const timer = setTimeout(() => resolve({ kind: 'too_late' }), limits.timeoutMs);
  const take = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    look(false);
  };
  socket.on('data', take);
  socket.once('end', () => look(true));
  socket.once('close', () => look(true));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.off('data', take);
    // Whatever else comes is not kept.
    socket.resume();
  });
}

/** Ends rather than destroys: the service manager may hold a copy of the connection, and the other side would see nothing. */
function answer(socket: Socket, line: string, { timeoutMs }: Pick<LineLimits, 'timeoutMs'>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  socket.once('close', () => resolve());
  socket.end(`${line}\n`, () => resolve());
  return promise.finally(() => clearTimeout(timer));
}
