import { isIP, isIPv4 } from 'node:net';
import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { Commands, Files } from '@linux-patch/runtime';
import { type InterfaceAddress, type Network, resolveUnlessStopped } from '../host/network.ts';

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
const COMMAND_TIMEOUT_MS = 5_000;
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

function asName(text: string | undefined): string | undefined {
  const name = text?.trim().toLowerCase().replace(/\.$/, '');
  if (!name || name === '(none)' || name === 'localhost' || name.startsWith('localhost.')) return undefined;
  return DNS_NAME.test(name) && isIP(name) === 0 ? name : undefined;
}

async function hostnameCommand(
  { commands, signal }: IdentitySources,
  args: readonly string[],
): Promise<string | undefined> {
  const limits = { timeoutMs: COMMAND_TIMEOUT_MS, ...(signal ? { signal } : {}) };
  const run = commands.run({ program: 'hostname', args, ...limits });
  const result = await run.catch(() => undefined);
  return result?.exitCode === 0 ? asName(result.stdout) : undefined;
}

/** Full name: `/etc/hostname` when it has a domain, else what the resolver says, else the short name. */
export async function readFqdn(sources: IdentitySources): Promise<string> {
  const fromFile = asName(await sources.files.readText(join(sources.root, 'etc/hostname')));
  if (fromFile?.includes('.')) return fromFile;
  if (sources.root !== '/' && fromFile) return fromFile;
  const fromResolver = await hostnameCommand(sources, ['-f']);
  const name = fromResolver ?? fromFile ?? (await hostnameCommand(sources, []));
  if (name) return name;
  throw new PatchError(
    'IDENTITY_UNAVAILABLE',
    "This host has no usable name: /etc/hostname and 'hostname -f' give none but localhost. " +
      "Set one with 'hostnamectl set-hostname NAME' and start the agent again.",
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
