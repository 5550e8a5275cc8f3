import assert from 'node:assert/strict';
import type { LabHost } from '../../hosts/host.ts';
import type { CleanHostCase } from '../case.ts';
import { installPackage } from '../install.ts';
import { installManager, type ManagerHost } from '../manager-host.ts';
import { listeners, unitState, untilStatus } from '../unit.ts';
import { approveByCode } from '../world.ts';

interface Hosts {
  readonly hosts: readonly {
    readonly fqdn: string;
    readonly ip_address: string;
    readonly last_error: string | null;
    readonly identity: { readonly state: string };
  }[];
}

/** Addresses that reach beyond the host itself. */
function globalAddresses(host: LabHost, family: '-4' | '-6'): Promise<string> {
  return host.must('ip', [family, '-brief', 'address', 'show', 'scope', 'global']);
}

/** Joins a host by a URL, and asks it for its packages from the manager. */
async function joinAndList(host: LabHost, manager: ManagerHost, url: string): Promise<void> {
  await installPackage(host, 'debian12', { env: { LINUX_PATCH_MANAGER_URL: url } });
  await approveByCode(host, manager);
  await untilStatus(host, /^Serving on/);
  assert.equal((await unitState(host)).restarts, 0);
  assert.match(await listeners(host), /\s(\*|\[::\]):12443\s/);
  const { packages } = (await manager.json('packages', host.name)) as { packages: unknown[] };
  assert.ok(packages.length > 0, `the manager cannot list the packages of ${host.name}`);
}

export const IPV6: readonly CleanHostCase[] = [
  {
    name: 'IPv6 only: hosts join a manager by a name with AAAA alone and by an address, and it reaches them',
    flavours: ['debian12'],
    hosts: 3,
    limitMs: 5 * 60_000,
    async run(world, flavour) {
      const managerHost = await world.newHost(flavour, { name: 'manager', family: 'ipv6' });
      const manager = await installManager(managerHost, flavour);
      const [byName, byAddress] = [
        await world.newHost(flavour, { family: 'ipv6' }),
        await world.newHost(flavour, { family: 'ipv6' }),
      ];
      for (const host of [managerHost, byName, byAddress]) {
        assert.equal(await globalAddresses(host, '-4'), '');
        assert.ok((await globalAddresses(host, '-6')).includes(host.address));
      }
      assert.match(manager.url, /^https:\/\/manager\.lab\.example:/);
      await joinAndList(byName, manager, manager.url);
      await joinAndList(byAddress, manager, `https://[${managerHost.address}]:8443`);
      const { hosts } = (await manager.json('hosts', 'list')) as Hosts;
      assert.deepEqual(
        new Map(hosts.map((one) => [one.fqdn, [one.ip_address, one.identity.state, one.last_error]])),
        new Map([byName, byAddress].map((host) => [`${host.name}.lab.example`, [host.address, 'ok', null]])),
      );
      assert.match(await managerHost.must('linux-patch-manager', ['hosts', 'list']), /\[?fd77::/);
    },
  },
];
