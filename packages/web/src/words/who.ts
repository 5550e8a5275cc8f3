/** The id of a host's key, by which the records name its agent. */
const KEY_ID = /^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}$/;

const NAMED: Readonly<Record<string, string>> = {
  admin: 'the admin token',
  manager: 'the manager itself',
  unknown: 'a stranger',
  'first-link': 'whoever had the first link',
  'identity-provider': 'a group of the identity provider',
};

/** Somebody as the manager's records name them, for people: `ada`, `API token ci`. */
export function who(actor: string): string {
  if (KEY_ID.test(actor)) return `agent ${actor}`;
  if (actor.startsWith('person:')) return actor.slice('person:'.length);
  if (actor.startsWith('api-token:')) return `API token ${actor.slice('api-token:'.length)}`;
  if (actor === 'local' || actor.startsWith('local '))
    return `root on the manager${actor.slice('local'.length)}`;
  return Object.hasOwn(NAMED, actor) ? (NAMED[actor] ?? actor) : actor;
}
