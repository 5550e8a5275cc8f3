import type { Socket } from 'node:net';
import { JOB_EVENTS_PATH, parseJson, ServerFrame } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import { WebSocket } from 'ws';
import type { FleetClient } from './client.ts';
import type { AgentAddress } from './connect.ts';

/** An agent sends a frame for each line of output, at most 256 Ki characters of it. */
const FRAME_LIMIT_BYTES = 4 * 1024 * 1024;
const FRAME_LIMITS = { depth: 4, values: 100 };
/** So many frames, or so much output in them, wait for a reader; then the agent has to. */
const WAITING_FRAMES = 64;
const WAITING_CHARACTERS = 512 * 1024;
/** Frames about something else, which nobody subscribed to; an agent that sends more of them is not listened to. */
const STRAY_FRAMES = 1_000;
/** Agents ping every 30 s, so a connection that says nothing for this long leads nowhere. */
const IDLE_LIMIT_MS = 90_000;
const IDLE_LOOK_MS = 10_000;
const HANDSHAKE_LIMIT_MS = 10_000;

/** Frames about one job as its agent pushes them, until it stops, breaks off or says nothing. Never throws. */
export async function* jobFrames(options: {
  readonly client: FleetClient;
  readonly clock: Clock;
  readonly agent: AgentAddress;
  readonly jobId: string;
  /** The last event that was seen. */
  readonly fromSeq?: number | undefined;
  readonly signal: AbortSignal;
}): AsyncGenerator<ServerFrame> {
  const { client, clock, agent, jobId, fromSeq, signal } = options;
  const connection = await client.connect(agent, signal).catch(() => undefined);
  if (!connection) return;
  // The connection is open and TLS already; this speaks WebSocket over it.
  const socket = new WebSocket(`ws://${agent.fqdn}${JOB_EVENTS_PATH}`, {
    createConnection: () => connection,
    maxPayload: FRAME_LIMIT_BYTES,
    handshakeTimeout: HANDSHAKE_LIMIT_MS,
    perMessageDeflate: false,
  });
  const frames = new FrameQueue(socket);
  const done = new AbortController();
  void untilIdle(connection, clock, done.signal).then(() => socket.terminate());
  const close = (): void => socket.terminate();
  signal.addEventListener('abort', close, { once: true });
  // Undefined members are not sent: the first agents know no numbers.
  const wish = { type: 'subscribe', job_id: jobId, from_seq: fromSeq };
  socket.on('open', () => socket.send(JSON.stringify(wish)));
  let stray = 0;
  socket.on('message', (data: Buffer) => {
    const frame = findFrame(data.toString('utf8'));
    if (frame?.job_id === jobId) frames.push(frame);
    else if ((stray += 1) > STRAY_FRAMES) socket.terminate();
  });
  // A connection that fails ends the stream; the caller goes on by polling.
  socket.on('error', () => frames.end());
  socket.on('close', () => frames.end());
  try {
    for (;;) {
      const frame = await frames.next();
      if (!frame) return;
      yield frame;
    }
  } finally {
    signal.removeEventListener('abort', close);
    done.abort();
    socket.terminate();
    connection.destroy();
  }
}

/** Resolves when nothing has come for so long that nothing will, or nobody wants to know any more. */
async function untilIdle(connection: Socket, clock: Clock, done: AbortSignal): Promise<void> {
  let heardBytes = connection.bytesRead;
  for (let quietMs = 0; quietMs < IDLE_LIMIT_MS && !done.aborted; ) {
    await clock.sleep(IDLE_LOOK_MS, done).catch(() => {});
    quietMs = connection.bytesRead === heardBytes ? quietMs + IDLE_LOOK_MS : 0;
    heardBytes = connection.bytesRead;
  }
}

/** Frames that wait to be read; while there are too many, nothing is taken from the network. */
class FrameQueue {
  readonly #socket: WebSocket;
  readonly #waiting: ServerFrame[] = [];
  #characters = 0;
  #ended = false;
  #wake = (): void => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  push(frame: ServerFrame): void {
    this.#waiting.push(frame);
    this.#characters += sizeOf(frame);
    if (this.#waiting.length >= WAITING_FRAMES || this.#characters >= WAITING_CHARACTERS)
      this.#socket.pause();
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The next frame; undefined when there is none any more. */
  async next(): Promise<ServerFrame | undefined> {
    while (this.#waiting.length === 0 && !this.#ended) {
      this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const frame = this.#waiting.shift();
    if (frame) this.#characters -= sizeOf(frame);
    return frame;
  }
}

/** Only its texts can be long, and they come twice. */
function sizeOf({ message, output = '', error = '', payload }: ServerFrame): number {
  const again = (payload.output?.length ?? 0) + payload.message.length + (payload.error?.length ?? 0);
  return message.length + output.length + error.length + again;
}

function findFrame(text: string): ServerFrame | undefined {
  try {
    return ServerFrame.safeParse(parseJson(text, FRAME_LIMITS)).data;
  } catch {
    return undefined;
  }
}
