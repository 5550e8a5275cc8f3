import { compareText, PatchError } from '@linux-patch/contract';
import type { HostRow } from '../database/schema.ts';
import { fitsGlob } from './glob.ts';

/** What hosts are chosen by. */
export type Choosable = Pick<HostRow, 'id' | 'fqdn' | 'ip_address'>;

/** Ids of the hosts that a word after `@` means. @throws PatchError for a word that means nothing */
export type FindWord = (word: string) => Promise<ReadonlySet<string>>;

/** Patterns and words of one reference; each is looked for in the whole fleet. */
const MAX_LOOKS = 50;

const isLook = (term: string): boolean => /[*?]|^@/.test(term);

/** Hosts by id, address and full name, and by each beginning of the full name that ends before a dot. */
interface NameIndex<T> {
  readonly exact: ReadonlyMap<string, readonly T[]>;
  readonly begun: ReadonlyMap<string, readonly T[]>;
}

function indexOf<T extends Choosable>(fleet: readonly T[]): NameIndex<T> {
  const [exact, begun] = [new Map<string, T[]>(), new Map<string, T[]>()];
  const add = (to: Map<string, T[]>, name: string, host: T): void => {
    const known = to.get(name);
    if (known) known.push(host);
    else to.set(name, [host]);
  };
  for (const host of fleet) {
    for (const name of new Set([host.id, host.fqdn, host.ip_address])) add(exact, name, host);
    for (let dot = host.fqdn.indexOf('.'); dot > 0; dot = host.fqdn.indexOf('.', dot + 1))
      add(begun, host.fqdn.slice(0, dot), host);
  }
  return { exact, begun };
}

function byName<T extends Choosable>({ exact, begun }: NameIndex<T>, name: string): T {
  const wanted = name.toLowerCase();
  const found = exact.get(wanted) ?? begun.get(wanted) ?? [];
  const [only, ...others] = found;
  if (only && others.length === 0) return only;
  throw new PatchError(
    'HOST_NOT_FOUND',
    only
      ? `Several hosts are called ${name}: ${found.map(({ fqdn }) => fqdn).join(', ')}. Use the full name. Nothing was done.`
      : `There is no host ${name}. Nothing was done. "linux-patch-manager hosts list" shows the fleet.`,
  );
}

/** Hosts among which some are meant, by whatever references. */
export interface Fleet<T extends Choosable> {
  readonly hosts: readonly T[];
  /** @throws PatchError `HOST_NOT_FOUND` */
  readonly getNamed: (name: string) => T;
}

/** All hosts are looked through for names once, when the first is asked for. */
export function fleetOf<T extends Choosable>(hosts: readonly T[]): Fleet<T> {
  let index: NameIndex<T> | undefined;
  return { hosts, getNamed: (name) => byName((index ??= indexOf(hosts)), name) };
}

async function hostsOf<T extends Choosable>(
  { hosts, getNamed }: Fleet<T>,
  term: string,
  findWord: FindWord,
): Promise<readonly T[]> {
  if (term.startsWith('@')) {
    const ids = await findWord(term.slice(1));
    return hosts.filter(({ id }) => ids.has(id));
  }
  if (!isLook(term)) return [getNamed(term)];
  const pattern = term.toLowerCase();
  return hosts.filter(({ fqdn }) => fitsGlob(pattern, fqdn));
}

/** How many patterns and words a reference has. */
export function looksIn(reference: string): number {
  return reference.split(/[,+]/).filter((term) => isLook(term.trim())).length;
}

/** @throws PatchError `INVALID_REQUEST` for more patterns and words than are looked for at once */
export function requireFewLooks(looks: number): void {
  if (looks <= MAX_LOOKS) return;
  throw new PatchError(
    'INVALID_REQUEST',
    `There are ${looks} patterns and words with @ in one list of hosts; at most ${MAX_LOOKS} are looked for at once. Nothing was done.`,
  );
}

/** The terms of each part. @throws PatchError `INVALID_REQUEST` for more than are looked for at once */
function partsOf(reference: string): { readonly part: string; readonly terms: readonly string[] }[] {
  requireFewLooks(looksIn(reference));
  return reference.split(',').map((part) => ({
    part: part.trim(),
    terms: part.split('+').map((term) => term.trim()),
  }));
}

/**
 * The hosts of each part of a reference, which may be none.
 * @throws PatchError for a name, pattern or word that can mean none at any time, see `FindWord`
 */
export async function meantByPart<T extends Choosable>(
  fleet: Fleet<T>,
  reference: string,
  findWord: FindWord,
): Promise<readonly { readonly part: string; readonly found: readonly T[] }[]> {
  const meant = [];
  for (const { part, terms } of partsOf(reference)) {
    let found = fleet.hosts;
    for (const term of terms) {
      const these = new Set(await hostsOf(fleet, term, findWord));
      found = found.filter((host) => these.has(host));
    }
    meant.push({ part, found });
  }
  return meant;
}

/**
 * The hosts that a reference means, each once, by name: those of any of its parts, which have commas between; of a part with
 * `+` in it those that each of its terms means.
 * @throws PatchError `HOST_NOT_FOUND` for a part that means no host: nothing is ever taken for everything
 */
export async function hostsMeant<T extends Choosable>(
  fleet: Fleet<T>,
  reference: string,
  findWord: FindWord,
): Promise<T[]> {
  const meant = new Set<T>();
  for (const { part, found } of await meantByPart(fleet, reference, findWord)) {
    if (found.length === 0)
      throw new PatchError('HOST_NOT_FOUND', `${part} means no host now. Nothing was done.`);
    for (const host of found) meant.add(host);
  }
  return [...meant].toSorted((a, b) => compareText(a.fqdn, b.fqdn));
}
