/** Somebody as the manager's records name them, for people: `ada`, `API token ci`. */
export function who(actor: string): string {
  if (actor.startsWith('person:')) return actor.slice('person:'.length);
  if (actor.startsWith('api-token:')) return `API token ${actor.slice('api-token:'.length)}`;
  if (actor === 'admin') return 'the admin token';
  if (actor === 'local' || actor.startsWith('local '))
    return `root on the manager${actor.slice('local'.length)}`;
  return actor;
}
