import { type Answered, call } from '../api/call.ts';
import { count } from '../words/count.ts';
import { type Asked, keyOf, termsOf } from './search.ts';
import type { AskedFor } from './search-keys.ts';

/** The most entries of one answer of the manager. */
const PAGE = 1_000;

/** Words of a search that the manager answers, each once. */
export function askedTerms(search: string): { readonly term: string; readonly wanted: AskedFor }[] {
  return [...new Set(termsOf(search))].flatMap((term) => {
    const found = keyOf(term);
    if (found === undefined || found === 'strange') return [];
    const wanted = found.key.asked?.(found.value);
    return wanted ? [{ term, wanted }] : [];
  });
}

type Listing = Pick<Answered<'packageMissing'>, 'total' | 'not_comparable'> & {
  readonly hosts: readonly { readonly id: string }[];
};

async function allOf<T extends Listing>(
  ask: (page: { readonly limit: number; readonly offset: number }) => Promise<T>,
): Promise<{ readonly ids: Set<string>; readonly first: T }> {
  const first = await ask({ limit: PAGE, offset: 0 });
  const ids = new Set(first.hosts.map(({ id }) => id));
  let next = first;
  for (let offset = PAGE; offset < first.total && next.hosts.length > 0; offset += PAGE) {
    next = await ask({ limit: PAGE, offset });
    for (const { id } of next.hosts) ids.add(id);
  }
  return { ids, first };
}

const remarkOf = (remarks: readonly (string | undefined)[]): string | undefined =>
  remarks.filter((one) => one !== undefined).join(' ') || undefined;

const notCompared = ({ not_comparable: number }: Listing, version: string | undefined): string | undefined =>
  number === 0 || version === undefined
    ? undefined
    : `Whether a version is older than ${version} nobody can tell on ${count(number, 'host')}, which ${number === 1 ? 'is' : 'are'} left out.`;

/**
 * Hosts that the manager names for a word of a search.
 * @throws CallFailure
 */
export async function askTerm(wanted: AskedFor, signal: AbortSignal): Promise<Asked> {
  const { kind, name } = wanted;
  if (kind === 'saved') {
    const { hosts } = await call('listHosts', { query: { hosts: `@saved:${name}` }, signal });
    return { ids: new Set(hosts.map(({ id }) => id)), remark: undefined };
  }
  const { version } = wanted;
  if (kind === 'has') {
    const { ids, first } = await allOf((page) =>
      call('packageInventory', { parameters: { name }, query: { below: version, ...page }, signal }),
    );
    return { ids, remark: remarkOf([notCompared(first, version)]) };
  }
  const { ids, first } = await allOf((page) =>
    call('packageMissing', { parameters: { name }, query: { at_least: version, ...page }, signal }),
  );
  const { not_listed: never } = first;
  const unlisted =
    never === 0
      ? undefined
      : `${count(never, 'host')} ${never === 1 ? 'was' : 'were'} never listed: what they have is not known.`;
  return { ids, remark: remarkOf([notCompared(first, version), unlisted]) };
}
