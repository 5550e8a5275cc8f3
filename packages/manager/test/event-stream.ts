import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Hint } from '@linux-patch/contract';
import type { World } from './world.ts';

/** One event of a stream; of a comment there is only its text. */
interface StreamEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly comment?: string;
}

/** A stream of events, read as it comes. Leaving it hangs up. */
export interface EventStream extends AsyncDisposable {
  readonly status: number;
  /** The next event or comment; undefined when the stream ended. */
  next(): Promise<StreamEvent | undefined>;
  /** The next hint, with its id. */
  hint(): Promise<{ readonly id: string | undefined; readonly changed: Hint['changed'] }>;
}

function readEvent(block: string): StreamEvent {
  const lines = block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line] as const);
  const entries = lines.map(([name, line]) => [name || 'comment', line.slice(name.length + 1).trim()]);
  return Object.fromEntries(entries) as StreamEvent;
}

async function* eventsOf(response: AsyncIterable<Buffer>): AsyncGenerator<StreamEvent> {
  let text = '';
  for await (const chunk of response) {
    text += chunk.toString('utf8');
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) if (!block.startsWith('retry:')) yield readEvent(block);
  }
}

/** Opens a stream of the manager over HTTPS. */
export async function openEvents(
  world: World,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<EventStream> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const place = { host: '127.0.0.1', port: world.port, servername: '', ca: world.caPem, agent: false };
  // The certificate is for another name than the address.
  const outgoing = request({ ...place, path, headers, checkServerIdentity: () => undefined }, resolve);
  outgoing.on('error', reject).end();
  const response = await promise;
  const events = eventsOf(response as AsyncIterable<Buffer>);
  const next = async (): Promise<StreamEvent | undefined> => (await events.next()).value as StreamEvent;
  return {
    status: response.statusCode ?? 0,
    next,
    async hint() {
      const { id, event, data = '' } = (await next()) ?? {};
      if (event !== 'hint') throw new Error(`no hint came but ${event} ${data}`);
      return { id, ...(JSON.parse(data) as Hint) };
    },
    async [Symbol.asyncDispose]() {
      response.destroy();
    },
  };
}
