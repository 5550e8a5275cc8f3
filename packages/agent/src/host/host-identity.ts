import { isIP, isIPv4 } from 'node:net';
import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { Commands, Files } from '@linux-patch/runtime';
import { printable } from '../manager-link/answer-body.ts';
import { type InterfaceAddress, type Network, resolveUnlessStopped, unlessStopped } from './network.ts';

/** Who this host says it is when it asks to join. */
export interface HostIdentity {
  readonly machineId: string;
  readonly fqdn: string;
  readonly hostname: string;
  readonly ipAddress: string;
}

export interface IdentitySources {
  readonly files: Files;
  readonly commands: Commands;
  readonly network: Network;
  /** Prefix of `/etc/machine-id` and `/etc/hostname`. */
  readonly root: string;
  readonly managerUrl: URL;
  readonly reportIp: string | undefined;
  readonly reportInterface: string | undefined;
  /** Ends what waits for name servers. */
  readonly signal?: AbortSignal;
}

/** Interfaces of containers and virtual machines; their addresses mean nothing to a manager. */
const BRIDGE_INTERFACES = /^(docker|br-|veth|virbr|cni|flannel|cali|podman|lxc|lxd)/;
const RESOLVER_LIMIT_MS = 5_000;
const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;
const DNS_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$/;

/** The machine-id of machine-id(5); `uninitialized` and empty files are no id. */
export async function readMachineId(files: Files, root: string): Promise<string> {
  const places = [join(root, 'etc/machine-id'), join(root, 'var/lib/dbus/machine-id')];
  for (const place of places) {
    const text = (await files.readText(place))?.trim().toLowerCase();
    if (text && /^[0-9a-f]{32}$/.test(text) && !/^0+$/.test(text)) return text;
  }
  throw new PatchError(
    'IDENTITY_UNAVAILABLE',
    `This host has no machine-id: neither ${places.join(' nor ')} holds 32 hexadecimal digits. ` +
      "Run 'systemd-machine-id-setup' (or 'dbus-uuidgen --ensure') and start the agent again.",
  );
}

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
    this.#faults.push(`${place} says "${printable(name)}", ${fault}`);
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
  { commands, signal }: IdentitySources,
  args: readonly string[],
): Promise<string | undefined> {
  const limits = { timeoutMs: RESOLVER_LIMIT_MS, ...(signal ? { signal } : {}) };
  // A minimal system does not have the program.
  const run = commands.run({ program: 'hostname', args, ...limits });
  const result = await run.catch(() => undefined);
  return result?.exitCode === 0 ? result.stdout : undefined;
}

async function ownNames({ network, signal }: IdentitySources): Promise<readonly string[]> {
  const limit = AbortSignal.timeout(RESOLVER_LIMIT_MS);
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  return unlessStopped(() => network.ownNames(), either).catch(() => []);
}

/**
 * Full name: `/etc/hostname` when it has a domain, else what the resolver says, else the short name of file or kernel.
 * @throws PatchError `IDENTITY_UNAVAILABLE` with what was wrong with each name that was found
 */
export async function readFqdn(sources: IdentitySources): Promise<string> {
  const search = new NameSearch();
  const fromFile = search.take(
    '/etc/hostname',
    await sources.files.readText(join(sources.root, 'etc/hostname')),
  );
  if (fromFile?.includes('.')) return fromFile;
  if (sources.root !== '/' && fromFile) return fromFile;
  const fromResolver = search.take("'hostname -f'", await hostnameCommand(sources, ['-f']));
  if (fromResolver?.includes('.')) return fromResolver;
  const own = (await ownNames(sources))
    .map((name) => search.take('the kernel', name))
    .filter((name) => name !== undefined);
  const name =
    own.find((one) => one.includes('.')) ??
    fromResolver ??
    fromFile ??
    search.take("'hostname'", await hostnameCommand(sources, [])) ??
    own[0];
  if (name !== undefined) return name;
  throw new PatchError(
    'IDENTITY_UNAVAILABLE',
    `This host has no usable name: ${search.faults}. Set one with 'hostnamectl set-hostname NAME' (without systemd: write it into ` +
      "/etc/hostname and run 'hostname -F /etc/hostname') and start the agent again.",
  );
}

function usable(one: InterfaceAddress): boolean {
  const linkLocal = one.address.startsWith('169.254.') || one.address.toLowerCase().startsWith('fe80');
  return !one.loopback && !linkLocal && !BRIDGE_INTERFACES.test(one.interfaceName);
}

async function routeAddress(sources: IdentitySources): Promise<string | undefined> {
  const { network, managerUrl } = sources;
  const host = managerUrl.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(managerUrl.port) || (managerUrl.protocol === 'http:' ? 80 : 443);
  const targets = await resolveUnlessStopped(network, host, sources.signal).catch(() => []);
  sources.signal?.throwIfAborted();
  const all = network.addresses();
  for (const target of [...targets.filter(isIPv4), ...targets.filter((one) => !isIPv4(one))]) {
    const source = await network.sourceAddressTowards(target, port);
    const owner = all.find((one) => one.address === source);
    // A manager on loopback sees this host as loopback too; elsewhere loopback is no answer.
    if (source && owner && (usable(owner) || owner.loopback)) return source;
  }
  return undefined;
}

export async function chooseAddress(sources: IdentitySources): Promise<string> {
  if (sources.reportIp) return sources.reportIp;
  const all = sources.network.addresses();
  const v4First = (list: InterfaceAddress[]) => list.sort((a, b) => a.family - b.family)[0]?.address;
  if (sources.reportInterface) {
    const own = v4First(all.filter((one) => one.interfaceName === sources.reportInterface && !one.loopback));
    if (own) return own;
    throw new PatchError(
      'IDENTITY_UNAVAILABLE',
      `enrollment.report_interface is ${sources.reportInterface}, but this host has no address on it. ` +
        `Interfaces with addresses: ${[...new Set(all.map((one) => one.interfaceName))].join(', ') || 'none'}.`,
    );
  }
  const address = (await routeAddress(sources)) ?? v4First(all.filter(usable));
  if (address) return address;
  throw new PatchError(
    'IDENTITY_UNAVAILABLE',
    'This host has no address that a manager could reach: no interface but loopback and container bridges has one. ' +
      'Bring the network up, or set enrollment.report_ip.',
  );
}

/**
 * Collects who this host is.
 * @throws PatchError `IDENTITY_UNAVAILABLE` that says what to mend; the signal's reason.
 */
export async function collectHostIdentity(sources: IdentitySources): Promise<HostIdentity> {
  const machineId = await readMachineId(sources.files, sources.root);
  const fqdn = await readFqdn(sources);
  return { machineId, fqdn, hostname: fqdn.split('.')[0] ?? fqdn, ipAddress: await chooseAddress(sources) };
}
