import type { RoleForAll } from '@linux-patch/contract';
import { expect } from 'vitest';
import type { World } from './world.ts';

let made = 0;

/** A program that has these roles for some hosts, and one, or none, for all. */
export async function boundCaller(
  world: World,
  bindings: readonly (readonly [role: string, on: string])[],
  role: RoleForAll = 'none',
) {
  made += 1;
  const name = `bound-${made}`;
  const bound = bindings.map(([one, on]) => ({ role: one, on }));
  const answer = await world.admin('/api-tokens', { name, role, bindings: bound });
  expect(answer.status, answer.text).toBe(200);
  const headers = { authorization: `Bearer ${answer.json().data.secret}` };
  // An address of its own, so that it has its own budget of refusals on record.
  const localAddress = `127.0.7.${made}`;
  return {
    name,
    headers,
    call: (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
      world.call({
        method,
        path: path === '/metrics' ? path : `/api/v1${path}`,
        headers,
        localAddress,
        leavesStreams: true,
        ...(body === undefined ? {} : { body }),
      }),
  };
}

export type BoundCaller = Awaited<ReturnType<typeof boundCaller>>;
