import { expect } from 'vitest';
import type { World } from './world.ts';

export const PASSWORD = 'correct horse battery';

let made = 0;
/** Makes a person with this role, and says how they sign in. */
export async function newPerson(where: World, role = 'admin') {
  made += 1;
  const who = { name: `person-${made}`, password: PASSWORD };
  expect((await where.admin('/people', { ...who, role })).status).toBe(200);
  return who;
}

/** What the audit log has of an event, oldest first. */
export async function audited(where: World, event: string) {
  const rows = await where.database.db.selectFrom('audit').selectAll().where('event', '=', event).execute();
  return rows.map(({ actor, fields }) => ({ actor, ...(JSON.parse(fields) as Record<string, unknown>) }));
}

/** Changes a person, as the command line does. */
export const changePerson = (where: World, name: string, body: object) =>
  where.local({ method: 'PUT', path: `/api/v1/people/${name}`, body });
