import { expect } from 'vitest';
import type { World } from './world.ts';

let made = 0;

/** A program with an API token of a manager, as a viewer unless `wish` says otherwise. */
export async function makeProgram(where: World, wish: object = {}) {
  made += 1;
  const answer = await where.admin('/api-tokens', { name: `program-${made}`, role: 'viewer', ...wish });
  expect(answer.status, answer.text).toBe(200);
  const { secret, api_token: token } = answer.json().data;
  const headers = { authorization: `Bearer ${secret}` };
  return {
    secret,
    name: token.name,
    token,
    get: (path: string, localAddress = '127.0.0.1') => where.call({ path, headers, localAddress }),
    post: (path: string, body: object) => where.call({ method: 'POST', path, headers, body }),
  };
}

/** The token of this name, as it is listed. */
export const listedToken = async (where: World, name: string) =>
  (await where.admin('/api-tokens')).json().data.api_tokens.find((one) => one.name === name);

/** What the audit log has of an event, the oldest first. */
export async function auditedEvents(where: World, event: string) {
  const rows = await where.database.db
    .selectFrom('audit')
    .selectAll()
    .where('event', '=', event)
    .orderBy('seq')
    .execute();
  return rows.map(({ actor, fields }) => ({ actor, ...(JSON.parse(fields) as Record<string, unknown>) }));
}
