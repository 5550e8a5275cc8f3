import type { IncomingMessage } from 'node:http';
import {
  Envelope,
  ERRORS,
  type ErrorCode,
  MINUTE_MS,
  PatchError,
  parseJson,
  type Route,
} from '@linux-patch/contract';
import { askOver, readBounded, routeTarget } from '@linux-patch/http/client';
import type { z } from 'zod';
import type { Connection } from './connection.ts';

/** The running manager's API, as the command line calls it. */
export interface ApiClient {
  call<R extends Route>(route: R, call?: ApiCall): Promise<z.output<R['response']>>;
  /** Server-sent events of a path, as `[event, data]`. */
  events(path: string, signal: AbortSignal): AsyncGenerator<readonly [event: string, data: string]>;
}

interface ApiCall {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

/** Between two parts of an answer. */
const TIMEOUT_MS = 60_000;
/** Until an answer begins; before one the manager may ask hosts that are slow. */
const ANSWER_LIMIT_MS = 5 * MINUTE_MS;

/** How one manager is asked. */
interface Manager {
  readonly connection: Connection;
  readonly answerLimitMs: number;
}

/** One call over a connection of its own. */
async function open(
  { connection, answerLimitMs }: Manager,
  asked: { readonly method: string; readonly target: string; readonly body?: unknown },
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { method, target, body } = asked;
  const socket = await connection.connect();
  const headers = {
    ...connection.headers,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const text = body === undefined ? undefined : JSON.stringify(body);
  const late = new Error(`no answer within ${answerLimitMs / 1000} s`);
  const timer = setTimeout(() => socket.destroy(late), answerLimitMs);
  try {
    return await askOver(socket, { method, target, headers, body: text, signal });
  } catch (error) {
    throw connection.notAnswered(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Room for the records of some 400,000 certificates, the longest listing there is. */
const ANSWER_LIMITS = { bytes: 256 * 1024 * 1024, depth: 16, values: 8_000_000 };
/** One event holds at most one frame of a host. */
const EVENT_LIMIT_CHARACTERS = 8 * 1024 * 1024;

function tooLarge(bytes: number): PatchError {
  return new PatchError(
    'INTERNAL_ERROR',
    `The manager's answer is larger than ${bytes} bytes and was not read. No manager of this version sends so much; is it one that answers there?`,
  );
}

async function textOf(response: AsyncIterable<Buffer>): Promise<string> {
  const { bytes } = ANSWER_LIMITS;
  return (await readBounded(response, bytes, () => tooLarge(bytes))).toString('utf8');
}

function failureOf(envelope: Envelope): PatchError | undefined {
  if (!envelope.error) return undefined;
  const { code, message, details } = envelope.error;
  return new PatchError(code in ERRORS ? (code as ErrorCode) : 'INTERNAL_ERROR', message, { details });
}

function readData<R extends Route>(route: R, text: string): z.output<R['response']> {
  const envelope = Envelope.parse(parseJson(text, ANSWER_LIMITS));
  const failure = failureOf(envelope);
  if (failure) throw failure;
  return route.response.parse(envelope.data) as z.output<R['response']>;
}

/**
 * A client for the manager at the other end; nothing is sent before the first call.
 * @param answerLimitMs after so long without the beginning of an answer a call has failed
 */
export function createApiClient(connection: Connection, answerLimitMs = ANSWER_LIMIT_MS): ApiClient {
  const manager = { connection, answerLimitMs };
  return {
    async call(route, { params = {}, query = {}, body } = {}) {
      const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
      const target = routeTarget(route, { params, query: new URLSearchParams(given) });
      const enough = new AbortController();
      const response = await open(manager, { method: route.method, target, body }, enough.signal);
      response.setTimeout(TIMEOUT_MS, () => enough.abort());
      return readData(route, await textOf(response));
    },
    async *events(path, signal) {
      const response = await open(manager, { method: 'GET', target: path }, signal);
      if (response.statusCode !== 200) {
        throw (
          failureOf(Envelope.parse(parseJson(await textOf(response)))) ??
          new PatchError('INTERNAL_ERROR', `The manager answers ${response.statusCode}.`)
        );
      }
      yield* parseEvents(response);
    },
  };
}

/** The event stream format of the HTML standard (§9.2), as far as our server uses it. */
async function* parseEvents(stream: AsyncIterable<Buffer>): AsyncGenerator<readonly [string, string]> {
  let rest = '';
  for await (const chunk of stream) {
    rest += chunk.toString('utf8');
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    if (rest.length > EVENT_LIMIT_CHARACTERS) throw tooLarge(EVENT_LIMIT_CHARACTERS);
    for (const block of blocks) {
      const lines = block.split('\n');
      const value = (name: string): string =>
        lines
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).trim())
          .join('\n');
      yield [value('event'), value('data')] as const;
    }
  }
}
