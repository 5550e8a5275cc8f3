import type { z } from 'zod';
import type { ErrorCode } from './errors.ts';
import { PERMISSIONS, type Permission } from './permissions.ts';

/**
 * Who may call a route: `public` is anybody; `host` is a host that proves itself with its key or polling token, which the
 * handler checks; `client-certificate` is whom TLS let in; `person` is anybody who signed in, about themselves; anything
 * else is for people and their programs who have this permission. There is no default.
 */
export type RouteAuth = 'public' | 'host' | 'client-certificate' | 'person' | Permission;

/** Whether a route is for people and their programs. */
export function isPermission(auth: RouteAuth): auth is Permission {
  return Object.hasOwn(PERMISSIONS, auth);
}

/** One operation of an HTTP API: enough to serve it, call it and document it. */
export interface Route {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path with `{name}` parameters, including the base. */
  readonly path: string;
  readonly auth: RouteAuth;
  /**
   * What of the fleet it is about: `host` is the one that `{id}` in its path names, `hosts` are those that its caller may see.
   * Only such a route may be called by whoever has its permission for some hosts only; without a word it is about all of them.
   */
  readonly about?: 'host' | 'hosts';
  /** Of somebody signed in it takes a proof, at most ten minutes old, that it is them. */
  readonly stepUp?: true;
  readonly summary: string;
  readonly description?: string;
  /** By the names that headers have in documents; others are let through. */
  readonly headers?: z.ZodObject;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Whether an absent body is read as `{}`. */
  readonly bodyOptional?: boolean;
  /** The `data` member of a successful answer, or the whole body when `bare`. */
  readonly response: z.ZodType;
  /** The answer is not wrapped in the envelope. */
  readonly bare?: boolean;
  /** Media type of a bare answer that is not JSON. */
  readonly mediaType?: string;
  /** Status of success. */
  readonly status: 200 | 202 | 204;
  readonly errors: readonly ErrorCode[];
}

/** Keeps a table's literal ids while checking its shape. */
export function routeTable<const T extends Record<string, Omit<Route, 'id'>>>(
  table: T,
): { readonly [K in keyof T]: T[K] & { readonly id: K } } {
  return Object.fromEntries(Object.entries(table).map(([id, route]) => [id, { ...route, id }])) as {
    readonly [K in keyof T]: T[K] & { readonly id: K };
  };
}
