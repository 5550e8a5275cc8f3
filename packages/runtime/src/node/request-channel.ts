import { Socket } from 'node:net';
import type { ReceivedRequest, RequestChannel, RequestLimits } from '../request-channel.ts';
import { type NoMore, openFrame } from './request-frame.ts';

/** The first descriptor that a service manager hands over (sd_listen_fds(3)). */
const FIRST_PASSED = 3;
/** By what it says that it does; for this process alone. */
const PASSING = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES'];

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
 * @param environment loses what says that a connection was handed over: that is for this process alone
 * @param onGone called when whoever asks over a connection has ended its side of it before the answer: nobody waits for one
 * @throws when they are something else
 */
export function openRequestChannel(
  environment: Record<string, string | undefined>,
  onGone: () => void,
): RequestChannel {
  const passed = environment['LISTEN_FDS'] === '1' && environment['LISTEN_PID'] === String(process.pid);
  for (const name of PASSING) delete environment[name];
  const incoming = openSocket(passed ? FIRST_PASSED : 0, { readable: true, writable: passed });
  const outgoing = passed ? incoming : openSocket(1, { readable: false, writable: true });
  const answering = new AbortController();
  return {
    isStarters: !passed,
    async receive(limits, bodyOf) {
      const received = await receive(incoming, limits, bodyOf);
      if (passed && received.kind === 'request') watchEnd(incoming, onGone, answering.signal);
      return received;
    },
    answer(line, limits) {
      answering.abort();
      return answer(outgoing, line, limits);
    },
  };
}

function watchEnd(socket: Socket, onGone: () => void, answering: AbortSignal): void {
  const look = (): void => {
    if (!answering.aborted) onGone();
  };
  if (socket.readableEnded || socket.destroyed) return look();
  socket.once('end', look);
  socket.once('close', look);
}

function receive(
  socket: Socket,
  limits: RequestLimits,
  bodyOf: (line: string) => number,
): Promise<ReceivedRequest> {
  const { promise, resolve } = Promise.withResolvers<ReceivedRequest>();
  const frame = openFrame(limits, bodyOf);
  const stop = (why: NoMore) => resolve(frame.stop(why));
  let timer = setTimeout(stop, limits.timeoutMs, 'too_late');
  const take = (chunk: Buffer): void => {
    const hadLine = frame.hasLine;
    const received = frame.take(chunk);
    if (received) return resolve(received);
    if (hadLine || !frame.hasLine) return;
    clearTimeout(timer);
    timer = setTimeout(stop, limits.timeoutMs, 'too_late');
  };
  const end = (): void => stop('ended');
  socket.on('data', take);
  socket.once('end', end);
  socket.once('close', end);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.off('data', take);
    // Whatever else comes is not kept.
    socket.resume();
  });
}

/** Ends rather than destroys: the service manager may hold a copy of the connection, and the other side would see nothing. */
function answer(
  socket: Socket,
  line: string,
  { timeoutMs }: Pick<RequestLimits, 'timeoutMs'>,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  socket.once('close', () => resolve());
  socket.end(`${line}\n`, () => resolve());
  return promise.finally(() => clearTimeout(timer));
}
