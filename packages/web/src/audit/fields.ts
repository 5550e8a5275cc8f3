const SHOWN_CHARACTERS = 300;

/** What a record of the audit log says besides who, what and when. */
export type Fields = Readonly<Record<string, unknown>>;

function wordsOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** Every member of a record that says something; long values are cut. */
export function fieldsOf(fields: Fields): readonly (readonly [string, string])[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [name, wordsOf(value)]);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** From where; undefined when the record does not say. */
export function addressOf({ address, observed_address: observed }: Fields): string | undefined {
  return textOf(address) ?? textOf(observed);
}

/** What calls are about by the first part of their route, and the member of a record that says the same. */
const NAMED_BY: Readonly<Record<string, string>> = {
  acts: 'act',
  'api-tokens': 'api_token',
  certificates: 'serial',
  enrollments: 'enrollment',
  groups: 'group',
  hosts: 'host',
  people: 'person',
  tokens: 'token',
};

/** A record with what its call was about as members of their own, as other records have them. */
export function namedIn(fields: Fields): Fields {
  const parameters = (fields['parameters'] ?? {}) as Fields;
  const [, many = '', parameter = ''] =
    /^\/api\/v1\/([a-z-]+)\/\{(\w+)\}/.exec(textOf(fields['route']) ?? '') ?? [];
  const name = Object.hasOwn(NAMED_BY, many) ? NAMED_BY[many] : undefined;
  const [said, job] = [textOf(parameters[parameter]), textOf(parameters['job'])];
  return {
    ...fields,
    ...(name === undefined || said === undefined ? {} : { [name]: said }),
    ...(name === 'host' && job !== undefined ? { job } : {}),
  };
}

/** The host that a record is about, as its screen is asked for; undefined when it is about none on record. */
export function hostOf(fields: Fields): string | undefined {
  const { host, fqdn } = namedIn(fields);
  return textOf(host) === undefined ? undefined : (textOf(fqdn) ?? textOf(host));
}

/** What of a record is told in its line, the first that it has. */
const ABOUT = [
  'person',
  'group',
  'fqdn',
  'api_token',
  'name',
  'token',
  'serial',
  'search',
  'authority',
  'act',
  'enrollment',
];

/** Members of a record that stand in its line: what it is about, and the job or call that it belongs to. */
export function aboutOf(fields: Fields): readonly string[] {
  const named = namedIn(fields);
  const about = hostOf(fields) === undefined ? ABOUT.find((name) => textOf(named[name])) : 'host';
  const more = ['job', 'route'].filter((name) => textOf(named[name]));
  return [...(about === undefined ? [] : [about]), ...more];
}

/** What stands in a line for a value: of an id what people tell it by, of a route what follows the base of all. */
export function shortOf(text: string): string {
  return text
    .replace(/^\/api\/v1(?=\/)/, '')
    .replace(/^([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, '$1');
}

/** The beginning of what an event means, as far as it fits into a line, and without what marks its code. */
export function clauseOf(meaning: string): string {
  return (/^(?:`[^`]*`|[^:;.`])+/.exec(meaning)?.[0] ?? meaning).replaceAll('`', '');
}

/** What hosts, and requests to join, are called by their id, as far as these records say; the newest is first. */
export function namesIn(records: readonly { readonly fields: Fields }[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { fields } of records) {
    const fqdn = textOf(fields['fqdn']);
    for (const id of [textOf(fields['host']), textOf(fields['enrollment'])])
      if (id !== undefined && fqdn !== undefined && !names.has(id)) names.set(id, fqdn);
  }
  return names;
}
