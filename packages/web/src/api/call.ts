import type { MANAGER_ADMIN_ROUTES, MANAGER_PUBLIC_ROUTES } from '@linux-patch/contract';
import type { z } from 'zod';
import { CallFailure } from './call-failure.ts';
import { readEnvelope } from './read-envelope.ts';
import { readText, watchSilence } from './silence.ts';

type Table = typeof MANAGER_ADMIN_ROUTES &
  Pick<
    typeof MANAGER_PUBLIC_ROUTES,
    | 'signIn'
    | 'passkeyChallenge'
    | 'signInWithPasskey'
    | 'oidcOffer'
    | 'beginOidc'
    | 'signInWithOidc'
    | 'setUp'
  >;

/** What the page can call; the build knows method and path of each. */
export type RouteId = keyof Table;

/** What a call answers. */
export type Answered<K extends RouteId> = z.output<Table[K]['response']>;

type QueryOf<K extends RouteId> = Table[K] extends { readonly query: infer S extends z.ZodType }
  ? { readonly [P in keyof z.input<S>]?: string | number | boolean | undefined }
  : Readonly<Record<never, never>>;

type BodyOf<K extends RouteId> = Table[K] extends { readonly body: infer S extends z.ZodType }
  ? z.input<S>
  : undefined;

export interface CallInput<K extends RouteId> {
  /** Parts of the path, by the names that the route gives them. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: QueryOf<K>;
  readonly body?: BodyOf<K>;
  /** Names a change, so that it can be asked for again when its answer was lost. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  /** For how long nothing may come of it; by default for as long as it takes. */
  readonly silenceMs?: number;
}

function pathOf(path: string, parameters: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
}

function searchOf(query: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return search === '' ? '' : `?${search}`;
}

/** Where a route is, for what the browser itself opens. */
export function addressOf(id: RouteId, input: Pick<CallInput<RouteId>, 'parameters' | 'query'>): string {
  const { parameters = {}, query = {} } = input;
  return `${pathOf(__CONTRACT__.routes[id]?.path ?? '/', parameters)}${searchOf(query)}`;
}

/**
 * Calls the manager as whoever is signed in.
 * @throws CallFailure whatever went wrong
 */
export async function call<K extends RouteId>(id: K, input: CallInput<K> = {}): Promise<Answered<K>> {
  const route = __CONTRACT__.routes[id];
  if (!route) throw new CallFailure({ code: 'PAGE_FAULT', message: `The page knows no route ${id}.` });
  const { body, idempotencyKey } = input;
  const sentMs = Date.now();
  using silence = watchSilence(input.signal, input.silenceMs);
  try {
    const response = await fetch(addressOf(id, input), {
      method: route.method,
      headers: {
        accept: 'application/json',
        [__CONTRACT__.requestHeader]: '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      redirect: 'error',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: silence.signal,
    });
    silence.heard();
    return readEnvelope(response.status, await readText(response, silence), sentMs) as Answered<K>;
  } catch (error) {
    if (input.signal?.aborted || error instanceof CallFailure) throw error;
    throw silence.isLong ? silent(input.silenceMs ?? 0) : unreachable();
  }
}

function unreachable(): CallFailure {
  return new CallFailure({
    code: 'UNREACHABLE',
    message:
      'The manager does not answer: it is stopped or starts again, or the way to it is broken. What is on the screen is from before.',
  });
}

function silent(limitMs: number): CallFailure {
  return new CallFailure({
    code: 'SILENT',
    message: `Nothing came from the manager for ${limitMs / 1_000} s: the way to it is broken or very slow, or the manager hangs. What is on the screen is from before, and nothing that was typed is lost.`,
  });
}
