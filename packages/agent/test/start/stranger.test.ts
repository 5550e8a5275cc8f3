import { testAuthority } from '@linux-patch/pki/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTrustSource } from '../../src/identity/issuers/trust-source.ts';
import { type IdentityWorld, NOW, startIdentityWorld } from './identity-world.ts';
import { startRenewingManager } from './renewing-manager.ts';

let world: IdentityWorld;
beforeEach(async () => {
  world = await startIdentityWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

function trustSource() {
  const { place, report, settings } = world.context;
  const { logger, audit } = report;
  const takeJobKey = async () => {};
  return createTrustSource({ place, logger, audit, proxyFor: settings.proxyFor, takeJobKey });
}

it('a stranger where the manager was is told once, and nothing is taken from it', async () => {
  await using stranger = await startRenewingManager(await testAuthority({ now: NOW }), {
    fqdn: 'host.example.test',
    ipAddress: '127.0.0.1',
  });
  const identity = world.service.current.value;
  const manager = { cn: 'patch-manager-client', issuer_spki: 'x' };
  const held = { ...identity, meta: { ...identity.meta, manager_client: manager } };
  const source = trustSource();
  const { signal } = new AbortController();
  expect(await source.pull(held, stranger.url, signal)).toBeUndefined();
  expect(await source.pull(held, stranger.url, signal)).toBeUndefined();
  expect(world.names('trust_refused')).toHaveLength(1);
  expect(world.names('trust_refused')[0]?.details).toMatchObject({
    by: 'pull',
    reason: expect.stringContaining('is not trusted'),
  });
  expect(stranger.asked).toEqual([]);
});

it('a manager that is only busy is no stranger', async () => {
  const identity = world.service.current.value;
  const held = { ...identity, meta: { ...identity.meta, manager_client: { cn: 'x', issuer_spki: 'x' } } };
  const { signal } = new AbortController();
  expect(await trustSource().pull(held, world.renewer.url, signal)).toBeUndefined();
  expect(world.names('trust_refused')).toEqual([]);
});
