import { isIP } from 'node:net';
import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import { unlessStopped } from '@linux-patch/http/client';
import { type Commands, type Files, printableLine } from '@linux-patch/runtime';
import type { Network } from './network.ts';

export interface NameSources {
  readonly files: Files;
  readonly commands: Commands;
  readonly network: Pick<Network, 'ownNames'>;
  /** Prefix of `/etc/hostname`. */
  readonly root: string;
  /** Ends what waits for name servers. */
  readonly signal?: AbortSignal;
}

const RESOLVER_LIMIT_MS = 5_000;
const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;
const DNS_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$/;

/** A name as it is used. */
function normalized(text: string): string {
  return text.trim().toLowerCase().replace(/\.$/, '');
}

/** Why a text is no name for a host, as a clause that follows it; undefined when it is one. */
function nameFault(name: string): string | undefined {
  if (name === '(none)') return 'which means none';
  if (name === 'localhost' || name.startsWith('localhost.')) return 'which every host calls itself';
  if (isIP(name) !== 0) return 'which is an address and no name';
  const long = name.split('.').find((label) => label.length > LONGEST_LABEL);
  if (long !== undefined)
    return `of which one part has ${long.length} characters, and names in DNS and certificates have at most ${LONGEST_LABEL}`;
  if (name.length > LONGEST_NAME)
    return `which has ${name.length} characters; a name has at most ${LONGEST_NAME}`;
  return DNS_NAME.test(name) ? undefined : 'which has characters that no host name has';
}

/** Looks for a name in one place after the other, and remembers what was wrong with those that it found. */
class NameSearch {
  readonly #faults: string[] = [];

  /** The name that a place gives, when it is one. */
  take(place: string, text: string | undefined): string | undefined {
    const name = normalized(text ?? '');
    if (name === '') return undefined;
    const fault = nameFault(name);
    if (fault === undefined) return name;
    this.#faults.push(`${place} says "${printableLine(name)}", ${fault}`);
    return undefined;
  }

  /** Why there is no name. */
  get faults(): string {
    return this.#faults.length > 0
      ? [...new Set(this.#faults)].join('; ')
      : 'neither /etc/hostname nor the kernel has one';
  }
}

async function hostnameCommand(
  { commands, signal }: NameSources,
  args: readonly string[],
  limitMs: number,
): Promise<string | undefined> {
  const limits = { timeoutMs: limitMs, ...(signal ? { signal } : {}) };
  // A minimal system does not have the program.
  const run = commands.run({ program: 'hostname', args, ...limits });
  const result = await run.catch(() => undefined);
  return result?.exitCode === 0 ? result.stdout : undefined;
}

async function ownNames({ network, signal }: NameSources, limitMs: number): Promise<readonly string[]> {
  const limit = AbortSignal.timeout(limitMs);
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  return unlessStopped(() => network.ownNames(), either).catch(() => []);
}

/**
 * Full name: `/etc/hostname` when it has a domain, else what the resolver says, else the short name of file or kernel.
 * @param limitMs how long one question to name servers may take
 * @throws PatchError `IDENTITY_UNAVAILABLE` with what was wrong with each name that was found
 */
export async function readFqdn(sources: NameSources, limitMs = RESOLVER_LIMIT_MS): Promise<string> {
  const search = new NameSearch();
  const fromFile = search.take(
    '/etc/hostname',
    await sources.files.readText(join(sources.root, 'etc/hostname')),
  );
  if (fromFile?.includes('.')) return fromFile;
  if (sources.root !== '/' && fromFile) return fromFile;
  const fromResolver = search.take("'hostname -f'", await hostnameCommand(sources, ['-f'], limitMs));
  if (fromResolver?.includes('.')) return fromResolver;
  const own = (await ownNames(sources, limitMs))
    .map((name) => search.take('the kernel', name))
    .filter((name) => name !== undefined);
  const name =
    own.find((one) => one.includes('.')) ??
    fromResolver ??
    fromFile ??
    search.take("'hostname'", await hostnameCommand(sources, [], limitMs)) ??
    own[0];
  if (name !== undefined) return name;
  throw new PatchError(
    'IDENTITY_UNAVAILABLE',
    `This host has no usable name: ${search.faults}. Set one with 'hostnamectl set-hostname NAME' (without systemd: write it into ` +
      "/etc/hostname and run 'hostname -F /etc/hostname') and start the agent again.",
  );
}

/** The short form of a full name. */
export function shortNameOf(fqdn: string): string {
  return fqdn.split('.', 1)[0] ?? fqdn;
}
