import type { z } from 'zod';
import { parseJson } from './json.ts';
import { type Fault, PatchError } from './patch-error.ts';
import type { Route } from './route.ts';

/** A UUID of any version, as callers may send in `X-Request-Id`. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The caller's request id when it is a UUID, else a new one. */
export function chooseRequestId(header: string | null | undefined, makeUuid: () => string): string {
  return header && UUID.test(header) ? header.toLowerCase() : makeUuid();
}

/** Faults of a schema as `path: message` pairs; unknown members are named one by one. */
export function faultsOf(
  issues: readonly z.core.$ZodIssue[],
  where: 'headers' | 'query' | 'body' | 'path' | 'answer',
): Fault[] {
  return issues.flatMap((issue) => {
    const path = [where, ...issue.path.map(String)].join('.');
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({ path: `${path}.${key}`, message: 'unknown member' }));
  });
}

function invalid(faults: readonly Fault[], cause?: unknown): PatchError {
  const text = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  return new PatchError('INVALID_REQUEST', `The request is not valid: ${text}`, {
    details: { faults },
    cause,
  });
}

function check(schema: z.ZodType, value: unknown, where: 'headers' | 'query' | 'body' | 'path'): unknown {
  const result = schema.safeParse(value);
  if (!result.success) throw invalid(faultsOf(result.error.issues, where));
  return result.data;
}

/**
 * Reads the query of a route; a name given twice is a fault, and so is any query where none is taken.
 * @throws PatchError `INVALID_REQUEST` with the path of each fault.
 */
export function readQuery<S extends z.ZodType>(
  route: { readonly query: S },
  params: URLSearchParams,
): z.output<S>;
export function readQuery(route: Pick<Route, 'query'>, params: URLSearchParams): unknown;
export function readQuery(route: Pick<Route, 'query'>, params: URLSearchParams): unknown {
  const names = [...params.keys()];
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  if (repeated.length > 0) {
    throw invalid(repeated.map((name) => ({ path: `query.${name}`, message: 'given more than once' })));
  }
  if (route.query) return check(route.query, Object.fromEntries(params), 'query');
  if (names.length > 0)
    throw invalid(names.map((name) => ({ path: `query.${name}`, message: 'unknown member' })));
  return undefined;
}

/**
 * Reads the headers that a route knows; all others are let through.
 * @param find the value of a header, whatever case its name has
 * @throws PatchError `INVALID_REQUEST` with the name of each that does not fit.
 */
export function readHeaders<S extends z.ZodObject>(
  route: { readonly headers: S },
  find: (name: string) => string | undefined,
): z.output<S>;
export function readHeaders(
  route: Pick<Route, 'headers'>,
  find: (name: string) => string | undefined,
): unknown;
export function readHeaders(
  route: Pick<Route, 'headers'>,
  find: (name: string) => string | undefined,
): unknown {
  if (!route.headers) return undefined;
  const given = Object.keys(route.headers.shape).map((name) => [name, find(name)] as const);
  return check(route.headers, Object.fromEntries(given), 'headers');
}

/** Checks one path parameter, for example a package name. */
export function readPathParameter<S extends z.ZodType>(schema: S, name: string, value: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(result.error.issues.map((issue) => ({ path: `path.${name}`, message: issue.message })));
}

/**
 * Reads the body of a route. Size limits are the server's business and come first.
 * @throws PatchError `UNSUPPORTED_MEDIA_TYPE`, or `INVALID_REQUEST` with the path of each fault.
 */
export function readBody<S extends z.ZodType>(
  route: { readonly body: S; readonly bodyOptional?: boolean },
  body: { readonly contentType: string | null | undefined; readonly text: string },
): z.output<S> {
  if (body.text.trim() === '' && route.bodyOptional) return check(route.body, {}, 'body') as z.output<S>;
  const mediaType = (body.contentType ?? '').split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') {
    throw new PatchError(
      'UNSUPPORTED_MEDIA_TYPE',
      'The body must be JSON; send it with Content-Type: application/json.',
    );
  }
  return check(route.body, jsonOf(body.text), 'body') as z.output<S>;
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw invalid([{ path: 'body', message: `not valid JSON (${(error as Error).message})` }]);
  }
}

/** The text of a body. @throws PatchError `INVALID_REQUEST` for bytes that are not UTF-8 */
export function bodyTextOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid([{ path: 'body', message: 'not valid UTF-8' }], cause);
  }
}
