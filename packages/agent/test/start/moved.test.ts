import { parseCertificates } from '@linux-patch/pki';
import { systemFiles } from '@linux-patch/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIdentityMeta } from '../../src/identity/store/identity-meta.ts';
import { type IdentityWorld, startIdentityWorld } from './identity-world.ts';

const MINUTE_MS = 60_000;
const client = { cn: 'patch-manager-client', issuer_spki: 'A'.repeat(43) };

let world: IdentityWorld;
/** The address from which packets to the manager leave now. */
let address: string | undefined;

const network = {
  addresses: () =>
    address === undefined
      ? []
      : [
          {
            interfaceName: 'eth0',
            address,
            family: address.includes(':') ? (6 as const) : (4 as const),
            loopback: false,
          },
        ],
  resolve: async (name: string) => [name],
  ownNames: async () => [],
  sourceAddressTowards: async () => address,
};

beforeEach(() => {
  address = '192.0.2.7';
});
afterEach(() => world[Symbol.asyncDispose]());

async function start(
  meta: object = { manager_client: client, reported_address: '192.0.2.7' },
): Promise<void> {
  world = await startIdentityWorld({ meta, network });
}

/** Lets the loop run for so long. */
async function pass(ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 20_000) await world.turn();
}

const inUse = () => parseCertificates(world.service.current.value.material.certificatePem)[0];
const told = () => world.names('host_address_told').map((one) => one.details);

describe('a host whose address changes', () => {
  it('tells its manager within ten minutes and has it in its certificate, without a person', async () => {
    await start();
    await pass(6 * MINUTE_MS);
    expect(world.renewer.addresses).toEqual([]);
    address = '2001:db8::7';
    await pass(11 * MINUTE_MS);
    expect(world.renewer.addresses).toEqual([['2001:db8::7']]);
    expect(inUse()?.ipAddresses).toEqual(['2001:db8::7']);
    await world.server.confirmServes(world.serialHex ?? '');
    expect(told()).toEqual([{ address: '2001:db8::7', certified: true }]);
    expect(await readIdentityMeta(systemFiles, world.paths)).toMatchObject({
      reported_address: '2001:db8::7',
    });
    await pass(30 * MINUTE_MS);
    expect(world.renewer.addresses).toHaveLength(1);
  });

  it('between two starts tells it at once', async () => {
    address = '192.0.2.8';
    await start();
    await pass(MINUTE_MS);
    expect(world.names('identity_renewal_failed')).toEqual([]);
    expect(world.renewer.addresses).toEqual([['192.0.2.8']]);
  });

  it('that its manager does not take is told once, and the certificate is good all the same', async () => {
    await start();
    world.renewer.follows = false;
    address = '192.0.2.8';
    await pass(11 * MINUTE_MS);
    expect(told()).toEqual([{ address: '192.0.2.8', certified: false }]);
    await pass(30 * MINUTE_MS);
    expect(world.renewer.addresses).toEqual([['192.0.2.8']]);
  });

  it('for less than five minutes, or to none at all, says nothing', async () => {
    await start();
    await pass(6 * MINUTE_MS);
    address = '192.0.2.8';
    await pass(4 * MINUTE_MS);
    address = '192.0.2.7';
    await pass(11 * MINUTE_MS);
    address = undefined;
    await pass(11 * MINUTE_MS);
    expect(world.renewer.addresses).toEqual([]);
  });

  it.each([
    ['an older manager, which renews nothing', { manager_client: null, reported_address: '192.0.2.7' }],
    ['nobody knows what address', { manager_client: client }],
  ])('and has told %s asks for nothing', async (_whom, meta) => {
    await start(meta);
    address = '192.0.2.8';
    await pass(11 * MINUTE_MS);
    expect(world.renewer.addresses).toEqual([]);
  });
});
