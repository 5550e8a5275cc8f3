import { TESTER, type World } from './world.ts';

/** A row that a manager left behind which was stopped long ago. */
export async function addWaiting(
  { database: { db } }: World,
  host: { readonly id: string; readonly fqdn: string },
  askedAt: number,
): Promise<string> {
  const id = crypto.randomUUID();
  const common = { key: id, actor: TESTER, operation: 'patch_apply', asked_at: askedAt };
  await db
    .insertInto('acts')
    .values({
      ...common,
      id,
      wish_hash: '',
      security_only: 0,
      search: null,
      stopped_at: null,
      stopped_by: null,
    })
    .execute();
  const request = JSON.stringify({ route: 'applyPatches', body: { all: true } });
  const nothing = {
    plan_hash: null,
    instance_id: null,
    job_id: null,
    ended_at: null,
    result: null,
    status: null,
  };
  await db
    .insertInto('host_jobs')
    .values({
      ...common,
      ...nothing,
      id: crypto.randomUUID(),
      host_id: host.id,
      fqdn: host.fqdn,
      request,
      state: 'waiting',
      act_id: id,
    })
    .execute();
  return id;
}

/** Hosts on record that nobody can reach, like one that is there. */
export async function addHosts({ database: { db } }: World, like: string, number: number): Promise<string[]> {
  const row = await db.selectFrom('hosts').selectAll().where('id', '=', like).executeTakeFirstOrThrow();
  const rows = Array.from({ length: number }, (_, at) => ({
    ...row,
    id: crypto.randomUUID(),
    fqdn: `many${at}.example.test`,
    machine_id: crypto.randomUUID().replaceAll('-', ''),
    agent_port: 1,
  }));
  for (let from = 0; from < rows.length; from += 1_000)
    await db
      .insertInto('hosts')
      .values(rows.slice(from, from + 1_000))
      .execute();
  return rows.map(({ id }) => id);
}
