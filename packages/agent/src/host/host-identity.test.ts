import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Commands } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectHostIdentity, type IdentitySources } from './host-identity.ts';
import { hostNetwork, type InterfaceAddress, type Network } from './network.ts';

const ID = '0123456789abcdef0123456789abcdef';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, 'etc'));
  await mkdir(join(folder.path, 'var/lib/dbus'), { recursive: true });
  await put('etc/machine-id', `${ID}\n`);
  await put('etc/hostname', 'amber.example.test\n');
});
afterEach(() => folder[Symbol.asyncDispose]());

const put = (path: string, text: string) => writeFile(join(folder.path, path), text);

function at(interfaceName: string, address: string): InterfaceAddress {
  return {
    interfaceName,
    address,
    family: address.includes(':') ? 6 : 4,
    loopback: interfaceName === 'lo',
  };
}

/** A host with these addresses whose packets to an address leave from another. */
function networkOf(
  addresses: InterfaceAddress[],
  routes: Record<string, string> = {},
  own: string[] = [],
): Network {
  return {
    addresses: () => [...addresses],
    resolve: async (name) => {
      if (name === 'manager.example.test') return Object.keys(routes);
      throw new Error('ENOTFOUND');
    },
    ownNames: async () => own,
    sourceAddressTowards: async (address) => routes[address],
  };
}

/** `hostname` that answers its arguments as given. */
function hostnameSays(answers: Record<string, string>): Commands {
  return {
    run: async ({ args }) => ({
      exitCode: args.join(' ') in answers ? 0 : 1,
      signal: null,
      stdout: `${answers[args.join(' ')] ?? ''}\n`,
      stderr: '',
      timedOut: false,
      aborted: false,
      durationMs: 1,
    }),
  };
}

const LAN = [
  at('lo', '127.0.0.1'),
  at('docker0', '172.17.0.1'),
  at('eth0', '2001:db8::5'),
  at('eth0', '192.0.2.5'),
  at('eth1', '198.51.100.5'),
];

const collect = (sources: Partial<IdentitySources> = {}) =>
  collectHostIdentity({
    files: systemFiles,
    commands: hostnameSays({}),
    network: networkOf(LAN),
    root: folder.path,
    managerUrl: new URL('https://manager.example.test:8443'),
    reportIp: undefined,
    reportInterface: undefined,
    ...sources,
  });

describe('the machine-id', () => {
  it('is read from /etc, else from D-Bus', async () => {
    expect((await collect()).machineId).toBe(ID);
    await put('etc/machine-id', 'uninitialized\n');
    await put('var/lib/dbus/machine-id', 'f'.repeat(32));
    expect((await collect()).machineId).toBe('f'.repeat(32));
  });

  it.each(['uninitialized', '', '0'.repeat(32), 'abc', `${ID}0`])(
    'is refused when it is %j, with the command that makes one',
    async (text) => {
      await put('etc/machine-id', text);
      await expect(collect()).rejects.toMatchObject({
        code: 'IDENTITY_UNAVAILABLE',
        message: expect.stringContaining('systemd-machine-id-setup'),
      });
    },
  );
});

describe('the name', () => {
  it('is /etc/hostname, in lower case, with its first label as the short one', async () => {
    await put('etc/hostname', 'Amber.Example.TEST\n');
    expect(await collect()).toMatchObject({ fqdn: 'amber.example.test', hostname: 'amber' });
  });

  it.each(['', '(none)', 'localhost', 'localhost.localdomain', '192.0.2.5', 'a b', '-x'])(
    'is asked of the resolver when /etc/hostname is %j',
    async (text) => {
      await put('etc/hostname', text);
      const named = await collect({ commands: hostnameSays({ '-f': 'birch.example.test' }) });
      expect(named).toMatchObject({ fqdn: 'birch.example.test', hostname: 'birch' });
      expect(await collect({ commands: hostnameSays({ '-f': 'localhost', '': 'birch' }) })).toMatchObject({
        fqdn: 'birch',
      });
      await expect(collect()).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' });
    },
  );
});

describe('a host without the program hostname', () => {
  const commands: Commands = { run: () => Promise.reject(new Error('spawn hostname ENOENT')) };
  const named = (...own: string[]) => collect({ commands, network: networkOf(LAN, {}, own) });

  it('has the name that resolver or kernel give it', async () => {
    await put('etc/hostname', 'localhost\n');
    expect((await named('birch.example.test', 'birch')).fqdn).toBe('birch.example.test');
    expect((await named('birch')).fqdn).toBe('birch');
  });

  it.each([
    ['a'.repeat(64), /"a+…?", of which one part has 64 characters.*at most 63/],
    ['192.0.2.5', /"192\.0\.2\.5", which is an address and no name/],
    ['localhost', /"localhost", which every host calls itself/],
    ['am_ber!', /which has characters that no host name has/],
    ['', /neither \/etc\/hostname nor the kernel has one/],
  ])('and called %j is told what is wrong with that', async (name, words) => {
    await put('etc/hostname', `${name}\n`);
    await expect(named(...(name ? [name] : []))).rejects.toMatchObject({
      code: 'IDENTITY_UNAVAILABLE',
      message: expect.stringMatching(words),
    });
  });

  it('asks the real kernel and resolver', async () => {
    const names = await hostNetwork.ownNames();
    expect(names.at(-1)).toBe(hostname());
  });
});

describe('the address', () => {
  it('is the one that packets to the manager leave from, IPv4 before IPv6', async () => {
    const routes = { '2001:db8::1': '2001:db8::5', '198.51.100.1': '198.51.100.5' };
    expect((await collect({ network: networkOf(LAN, routes) })).ipAddress).toBe('198.51.100.5');
    const six = { '2001:db8::1': '2001:db8::5' };
    expect((await collect({ network: networkOf(LAN, six) })).ipAddress).toBe('2001:db8::5');
  });

  it('is that of a tunnel when the manager is behind one', async () => {
    const network = networkOf([...LAN, at('tun0', '10.8.0.6')], { '10.8.0.1': '10.8.0.6' });
    expect((await collect({ network })).ipAddress).toBe('10.8.0.6');
  });

  it('is never that of a container bridge', async () => {
    const routes = { '172.17.0.2': '172.17.0.1' };
    expect((await collect({ network: networkOf(LAN, routes) })).ipAddress).toBe('192.0.2.5');
  });

  it('is loopback only when the manager is there', async () => {
    const local = networkOf(LAN, { '127.0.0.1': '127.0.0.1' });
    expect((await collect({ network: local })).ipAddress).toBe('127.0.0.1');
    await expect(collect({ network: networkOf(LAN.slice(0, 2)) })).rejects.toMatchObject({
      code: 'IDENTITY_UNAVAILABLE',
      message: expect.stringContaining('enrollment.report_ip'),
    });
  });

  it('is what the configuration says', async () => {
    expect((await collect({ reportIp: '203.0.113.9' })).ipAddress).toBe('203.0.113.9');
    expect((await collect({ reportInterface: 'eth1' })).ipAddress).toBe('198.51.100.5');
    expect((await collect({ reportInterface: 'eth0' })).ipAddress).toBe('192.0.2.5');
    await expect(collect({ reportInterface: 'eth7' })).rejects.toMatchObject({
      message: expect.stringContaining('lo, docker0, eth0, eth1'),
    });
  });
});
