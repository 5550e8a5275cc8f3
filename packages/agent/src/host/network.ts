import { createSocket } from 'node:dgram';
import { lookup, lookupService } from 'node:dns/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { addressesOf, unlessStopped } from '@linux-patch/http/client';

/** One address of one interface. */
export interface InterfaceAddress {
  readonly interfaceName: string;
  readonly address: string;
  readonly family: 4 | 6;
  readonly loopback: boolean;
}

/** What the agent asks the network stack; a parameter, so that tests can put a host anywhere. */
export interface Network {
  addresses(): InterfaceAddress[];
  /** All addresses of a name; a literal address is itself. Rejects when the name does not resolve. */
  resolve(name: string): Promise<string[]>;
  /** What kernel and resolver call this host, full names before short ones; empty when neither knows. */
  ownNames(): Promise<string[]>;
  /** The local address that packets to `address` would leave from; undefined without a route. */
  sourceAddressTowards(address: string, port: number): Promise<string | undefined>;
}

/** Resolves a name for as long as the signal does not abort. */
export async function resolveUnlessStopped(
  network: Pick<Network, 'resolve'>,
  name: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  return unlessStopped(() => network.resolve(name), signal);
}

/** gethostname(2), and what the resolver calls the addresses of that name, as `hostname -f` does. */
async function ownNames(): Promise<string[]> {
  const own = hostname();
  if (own === '' || own.includes('.')) return [own].filter(Boolean);
  const addresses = await lookup(own, { all: true }).catch(() => []);
  const names = await Promise.all(
    addresses.map(({ address }) =>
      lookupService(address, 0).then(
        (service) => service.hostname,
        () => '',
      ),
    ),
  );
  // An address may belong to others, too: only a longer form of the own name is another name of this host.
  return [...names.filter((name) => name.startsWith(`${own}.`)), own];
}

/** Connecting a UDP socket asks the kernel for a route and sends nothing (udp(7)). */
async function sourceAddressTowards(address: string, port: number): Promise<string | undefined> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  try {
    socket.connect(port, address);
    return (await promise) ? socket.address().address : undefined;
  } finally {
    socket.close();
  }
}

/** The host's own network stack. */
export const hostNetwork: Network = {
  addresses: () =>
    Object.entries(networkInterfaces()).flatMap(([interfaceName, list]) =>
      (list ?? []).map((one) => ({
        interfaceName,
        address: one.address,
        family: one.family === 'IPv4' ? (4 as const) : (6 as const),
        loopback: one.internal,
      })),
    ),
  resolve: addressesOf,
  ownNames,
  sourceAddressTowards,
};
