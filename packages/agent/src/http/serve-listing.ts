import { createHash } from 'node:crypto';
import type { Route } from '@linux-patch/contract';
import { answerWith, dataAnswer } from '@linux-patch/http';
import type { z } from 'zod';
import type { Listing } from '../listings/listing.ts';
import type { RouteServer } from './agent-request.ts';
import { type RouteInput, readInput } from './serve-route.ts';

/** A listing that may answer 304 (RFC 9110 §13.1.2): its caller names what it has with `If-None-Match`. */
export function serveListing<R extends Route>(
  { app, clock }: RouteServer,
  route: R,
  prepare: (input: RouteInput<R>) => Promise<Listing<z.output<R['response']>>>,
): void {
  app.serve(route, async (exchange) => {
    const input = await readInput(route, exchange);
    const { requestId } = input;
    const { basis, make } = await prepare(input);
    if (basis === undefined) return dataAnswer(route, (await make()) as object, { requestId, clock });
    const tag = entityTag(basis);
    const headers = { ETag: tag, 'Cache-Control': 'private, no-cache' };
    if (namesTag(exchange.request.header('if-none-match'), tag))
      return answerWith(undefined, { status: 304, headers });
    return dataAnswer(route, (await make()) as object, { requestId, clock, headers });
  });
}

/** A weak one: each answer has an id and a time of its own. */
function entityTag(basis: object): string {
  return `W/"${createHash('sha256').update(JSON.stringify(basis)).digest('base64url')}"`;
}

/** By weak comparison (RFC 9110 §8.8.3.2). */
function namesTag(header: string | undefined, tag: string): boolean {
  if (header?.trim() === '*') return true;
  const opaque = (text: string): string => text.replace(/^W\//, '');
  return [...(header ?? '').matchAll(/(?:W\/)?"[^"]*"/g)].some(([one]) => opaque(one) === opaque(tag));
}
