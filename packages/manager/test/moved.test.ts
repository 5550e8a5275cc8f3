import { parseCertificates } from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newAgent, renew } from './agents.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

interface Identity {
  readonly certificateChainPem: string;
  readonly keyPem: string;
}

async function joined() {
  const agent = await newAgent(world);
  const bundle = await agent.join();
  return { agent, current: { certificateChainPem: String(bundle.server_crt), keyPem: agent.keyPem } };
}

/** Renews, asking for addresses, and says which the new certificate names. */
async function renewAt(current: Identity, ...addresses: string[]): Promise<readonly string[]> {
  const answer = await renew(world, current, undefined, undefined, addresses);
  expect(answer.status).toBe(200);
  return parseCertificates(String(answer.json().server_crt))[0]?.ipAddresses ?? [];
}

const recordOf = async (fqdn: string) =>
  ((await world.admin(`/hosts/${fqdn}`)).json().data as unknown as { ip_address: string }).ip_address;
const audited = async (event: string) =>
  (await world.database.db.selectFrom('audit').select('fields').where('event', '=', event).execute()).map(
    (row) => JSON.parse(row.fields) as Record<string, unknown>,
  );

describe('a renewal that asks for another address', () => {
  it('moves the host: record, certificate and audit have the new one', async () => {
    const { agent, current } = await joined();
    const { fqdn, ip_address: before } = agent.facts;
    expect(await renewAt(current, '2001:db8:0:0::7')).toEqual(['2001:db8::7']);
    expect(await recordOf(fqdn)).toBe('2001:db8::7');
    expect(await audited('host_moved')).toMatchObject([
      { fqdn, ip_address: '2001:db8::7', previous_address: before, observed_address: '127.0.0.1' },
    ]);
  });

  it.each([
    ['loopback', '127.0.0.1', /loopback/],
    ['loopback in IPv6', '::ffff:127.0.0.1', /loopback/],
    ['link-local', '169.254.1.1', /link-local/],
    ['unspecified', '0.0.0.0', /unspecified/],
    ['multicast', 'ff02::1', /multicast/],
  ])('that no host may have (%s) keeps the old one and is told', async (_kind, address, words) => {
    const { agent, current } = await joined();
    const { fqdn, ip_address: before } = agent.facts;
    expect(await renewAt(current, address)).toEqual([before]);
    expect(await recordOf(fqdn)).toBe(before);
    expect(await audited('host_address_refused')).toMatchObject([
      { fqdn, reason: expect.stringMatching(words) },
    ]);
  });

  it('of another host of the fleet takes nothing from it', async () => {
    const other = await joined();
    const { agent, current } = await joined();
    expect(await renewAt(current, other.agent.facts.ip_address)).toEqual([agent.facts.ip_address]);
    expect(await audited('host_address_refused')).toMatchObject([
      { reason: `the address of ${other.agent.facts.fqdn}` },
    ]);
  });

  it('that its certificate names already does not undo what an administrator set since', async () => {
    const { agent, current } = await joined();
    const { fqdn, ip_address: before } = agent.facts;
    await world.database.db
      .updateTable('hosts')
      .set({ ip_address: '203.0.113.9' })
      .where('fqdn', '=', fqdn)
      .execute();
    expect(await renewAt(current, before)).toEqual(['203.0.113.9']);
    expect(await audited('host_moved')).toEqual([]);
  });

  it('and several at once, or none, changes nothing', async () => {
    const { agent, current } = await joined();
    expect(await renewAt(current, '192.0.2.1', '192.0.2.2')).toEqual([agent.facts.ip_address]);
  });
});
