import { testAuthority } from '@linux-patch/pki/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTrustPull } from '../../src/identity/issuers/change-trust.ts';
import { type KeptWorld, NOW, startKeptWorld } from './identity-world.ts';
import { startRenewingManager } from './renewing-manager.ts';

let world: KeptWorld;
beforeEach(async () => {
  world = await startKeptWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

it('a stranger where the manager was is told once, and nothing is taken from it', async () => {
  await using stranger = await startRenewingManager(await testAuthority({ now: NOW }), {
    fqdn: 'host.example.test',
    ipAddress: '127.0.0.1',
  });
  const { material, meta } = world.keeper;
  const manager = { cn: 'patch-manager-client', issuer_spki: 'x' };
  const held = { material, meta: { ...meta, manager_client: manager } };
  const pull = createTrustPull(world.context);
  const { signal } = new AbortController();
  expect(await pull(held, stranger.url, signal)).toBeUndefined();
  expect(await pull(held, stranger.url, signal)).toBeUndefined();
  expect(world.names('trust_refused')).toHaveLength(1);
  expect(world.names('trust_refused')[0]?.details).toMatchObject({
    by: 'pull',
    reason: expect.stringContaining('is not trusted'),
  });
  expect(stranger.asked).toEqual([]);
});

it('a manager that is only busy is no stranger', async () => {
  const { material, meta } = world.keeper;
  const held = { material, meta: { ...meta, manager_client: { cn: 'x', issuer_spki: 'x' } } };
  expect(
    await createTrustPull(world.context)(held, world.renewer.url, new AbortController().signal),
  ).toBeUndefined();
  expect(world.names('trust_refused')).toEqual([]);
});
