import { isIPv4 } from 'node:net';
import { PatchError } from '@linux-patch/contract';
import { hostOf } from '@linux-patch/http/client';
import { type InterfaceAddress, type Network, resolveUnlessStopped } from './network.ts';

export interface AddressSources {
  readonly network: Network;
  readonly managerUrl: URL;
  readonly reportIp: string | undefined;
  readonly reportInterface: string | undefined;
  /** Ends what waits for name servers. */
  readonly signal?: AbortSignal | undefined;
}

/** Interfaces of containers and virtual machines; their addresses mean nothing to a manager. */
const BRIDGE_INTERFACES = /^(docker|br-|veth|virbr|cni|flannel|cali|podman|lxc|lxd)/;

function usable(one: InterfaceAddress): boolean {
  const linkLocal = one.address.startsWith('169.254.') || one.address.toLowerCase().startsWith('fe80');
  return !one.loopback && !linkLocal && !BRIDGE_INTERFACES.test(one.interfaceName);
}

async function routeAddress(sources: AddressSources): Promise<string | undefined> {
  const { network, managerUrl } = sources;
  const host = hostOf(managerUrl);
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

/**
 * The address under which managers reach this host: the one that is configured, else the one from which packets to the manager
 * leave, else the first that is no container's.
 * @throws PatchError `IDENTITY_UNAVAILABLE` when there is none
 */
export async function chooseAddress(sources: AddressSources): Promise<string> {
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
