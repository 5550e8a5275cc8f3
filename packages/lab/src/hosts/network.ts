import { must, runProgram } from '../process.ts';

/** Name servers of a lab do not exist; every name is in `/etc/hosts`. */
const PREFIX = '10.77.0';
/** Unique local addresses (RFC 4193), for hosts that have no IPv4 at all. */
const IPV6_PREFIX = 'fd77::';

/** What a host's only addresses besides loopback are of. */
export type AddressFamily = 'ipv4' | 'ipv6';

/** Hosts of a lab, joined by one bridge in a namespace of their own. Nothing of it is seen by the machine. */
export interface LabNetwork extends AsyncDisposable {
  /** Network namespace in which managers, repositories and test clients run. */
  readonly hub: string;
  readonly hubAddress: string;
  /** Joins one more host. @param family default: ipv4 */
  addHost(family?: AddressFamily): Promise<HostNetwork>;
}

export interface HostNetwork {
  readonly namespace: string;
  readonly address: string;
  /** Pulls the cable, or puts it back. */
  setCable(state: 'up' | 'down'): Promise<void>;
}

async function ip(...args: string[]): Promise<void> {
  must(await runProgram('ip', args), `ip ${args.join(' ')}`);
}

/** Gives a device its address. An IPv6 address is usable at once: nobody else is there who could have it. */
async function addAddress(namespace: string, device: string, address: string): Promise<void> {
  const options = address.includes(':') ? [`${address}/64`, 'nodad'] : [`${address}/24`];
  await ip('-n', namespace, 'addr', 'add', ...options, 'dev', device);
}

/** Makes the hub. @param name at most 9 characters, part of every namespace's name */
export async function createLabNetwork(name: string): Promise<LabNetwork> {
  const hub = `${name}-hub`;
  const namespaces: string[] = [];
  const create = async (namespace: string): Promise<void> => {
    await ip('netns', 'add', namespace);
    namespaces.push(namespace);
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
  };
  await create(hub);
  await ip('-n', hub, 'link', 'add', 'br0', 'type', 'bridge');
  for (const address of [`${PREFIX}.1`, `${IPV6_PREFIX}1`]) await addAddress(hub, 'br0', address);
  await ip('-n', hub, 'link', 'set', 'br0', 'up');
  let count = 0;
  return {
    hub,
    hubAddress: `${PREFIX}.1`,
    async addHost(family = 'ipv4') {
      count += 1;
      const [namespace, cable] = [`${name}-h${count}`, `v${count}`];
      const [prefix, gateway] =
        family === 'ipv6' ? [IPV6_PREFIX, `${IPV6_PREFIX}1`] : [`${PREFIX}.`, `${PREFIX}.1`];
      const address = `${prefix}${10 + count}`;
      await create(namespace);
      await ip('-n', namespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', cable, 'netns', hub);
      await ip('-n', hub, 'link', 'set', cable, 'master', 'br0', 'up');
      await addAddress(namespace, 'eth0', address);
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
      await ip('-n', namespace, 'route', 'add', 'default', 'via', gateway);
      return {
        namespace,
        address,
        setCable: (state) => ip('-n', hub, 'link', 'set', cable, state),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const namespace of namespaces.reverse()) await runProgram('ip', ['netns', 'del', namespace]);
    },
  };
}
