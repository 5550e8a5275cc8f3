import { connect } from 'node:net';
import {
  ENDED_BY,
  type ExchangeLimits,
  MOST_ANSWER_BYTES,
  unavailable,
  type WorkerTransport,
} from './transport.ts';
import type { UnitFault, WorkerUnits } from './unit-fault.ts';

/** A worker that systemd starts for each connection; the connection is the request. */
export function socketWorker(options: {
  readonly units: WorkerUnits;
  /** Finds out why nobody answered. */
  readonly findFault: (signal: AbortSignal) => Promise<UnitFault | undefined>;
}): WorkerTransport {
  const { units, findFault } = options;
  return {
    async exchange(request, limits) {
      const late = AbortSignal.timeout(limits.timeoutMs);
      const { said, code } = await converse(units.path, request, AbortSignal.any([limits.signal, late]));
      if (limits.signal.aborted) throw unavailable(ENDED_BY.signal);
      if (late.aborted) throw unavailable(ENDED_BY.time(limits.timeoutMs));
      if (said?.endsWith('\n')) return said;
      const fault = await findFault(limits.signal);
      if (fault) throw unavailable(fault.what, { help: `As root: ${fault.mend}` });
      throw said === undefined ? unreachable(units, code) : saidNothing(units);
    },
  };
}

function saidNothing({ service }: WorkerUnits): Error {
  const words = `journalctl -u '${service.replace('@.service', '@*')}' -n 20`;
  return unavailable('it ended, or was never started, before it had answered', {
    help: `Ask again; if that does not help, its last words are on the host itself, as root: ${words}`,
  });
}

function unreachable({ path, socket }: WorkerUnits, code: string | undefined): Error {
  return unavailable(`nobody can be reached at ${path} (${code})`, {
    help: `As root: systemctl restart ${socket}`,
  });
}

interface Conversation {
  /** Undefined when there was no connection. */
  readonly said: string | undefined;
  /** What Node calls that which went wrong. */
  readonly code: string | undefined;
}

/**
 * The side of whoever asks stays open until the answer has come: a worker whose asker is gone gives up. Resolves when the
 * connection is closed, by whomever.
 */
function converse(
  path: string,
  request: Uint8Array,
  signal: ExchangeLimits['signal'],
): Promise<Conversation> {
  const { promise, resolve } = Promise.withResolvers<Conversation>();
  const chunks: Buffer[] = [];
  let [sizeBytes, isConnected] = [0, false];
  let code: string | undefined;
  const socket = connect({ path, signal });
  socket.once('connect', () => {
    isConnected = true;
    socket.write(request);
  });
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > MOST_ANSWER_BYTES) socket.destroy();
  });
  socket.once('error', (error: NodeJS.ErrnoException) => {
    code = error.code;
  });
  socket.once('close', () => {
    resolve({ said: isConnected ? Buffer.concat(chunks).toString('utf8') : undefined, code });
  });
  return promise;
}
