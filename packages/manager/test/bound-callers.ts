import { ROLES, type Role } from '@linux-patch/contract';
import type { World } from './world.ts';

/** To which hosts a role is bound, as selections say it. */
export type BoundTo = `@group:${string}` | `@${string}=${string}`;

async function termOf({ database: { db } }: World, on: BoundTo) {
  const none = { group_id: null, label_key: null, label_value: null };
  const label = /^@([^:=]+)=(.+)$/.exec(on);
  if (label) return { ...none, label_key: label[1] ?? '', label_value: label[2] ?? '' };
  const name = on.slice('@group:'.length);
  const { id } = await db
    .selectFrom('host_groups')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  return { ...none, group_id: id };
}

/** Gives the holder of an API token a role for some hosts. */
async function bind(world: World, api_token: string, role: Role, on: BoundTo): Promise<void> {
  const row = { person_id: null, api_token, role, ...(await termOf(world, on)) };
  await world.database.db.insertInto('role_bindings').values(row).execute();
}

let made = 0;

/** A program that has these roles for some hosts, and one, or none, for all. */
export async function boundCaller(
  world: World,
  bindings: readonly (readonly [Role, BoundTo])[],
  everywhere: Role | 'none' = 'none',
) {
  made += 1;
  const name = `bound-${made}`;
  const role = everywhere === 'none' ? Object.keys(ROLES)[0] : everywhere;
  const { secret } = (await world.admin('/api-tokens', { name, role })).json().data;
  if (everywhere === 'none')
    await world.database.db
      .updateTable('api_tokens')
      .set({ role: 'none' })
      .where('name', '=', name)
      .execute();
  for (const [one, on] of bindings) await bind(world, name, one, on);
  const headers = { authorization: `Bearer ${secret}` };
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
