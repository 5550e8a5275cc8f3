import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Field, openField, type TrustMode, type Victim } from './field.ts';
import { gatherLoot } from './loot.ts';
import { ATTACKS, type Attack, type Loot } from './tricks.ts';

/** Setbacks after which a test has seen enough: each forged answer has come in both of its shapes. */
const ENOUGH = 2;

let field: Field;
let loot: Loot;
beforeAll(async () => {
  field = await openField(false);
  loot = await gatherLoot(field);
});
afterAll(() => field[Symbol.asyncDispose]());

/** Enrols under attack; the administrator meanwhile approves whatever comes under the host's name, with the host's code. */
async function attacked(mode: TrustMode, attack: Attack): Promise<Victim> {
  field.attacker.comeBack(attack.tricks(field.attacker, loot));
  const victim = await field.newVictim(mode);
  await victim.enrol({ setbacks: ENOUGH });
  return victim;
}

async function expectNoSecrets(victim: Victim): Promise<void> {
  const code = await victim.hostCode();
  if (code !== undefined) expect(victim.host.said()).not.toContain(code);
  expect(JSON.stringify(field.attacker.seen)).not.toContain('PRIVATE KEY');
}

/** A request that was changed on the way fits no code: the administrator denies it without one, and the host hears of it. */
async function denyChanged(victim: Victim): Promise<void> {
  await field.denyByName(victim.fqdn);
  expect(await victim.enrol({ setbacks: 1, approving: false })).toBe('stopped');
}

describe.each<[TrustMode, string[]]>([
  ['code', ['code']],
  // The name of a host that lost its token to an attack stays known, so its next request needs the code.
  ['token over http', ['token', 'code']],
])('a host that knows its manager by %s', (mode, trusts) => {
  it.each(ATTACKS)(
    'installs nothing when somebody in the middle $name, and joins when they are gone',
    async (attack) => {
      await using victim = await attacked(mode, attack);
      expect(await victim.host.status()).toBe('missing');
      await expectNoSecrets(victim);
      await field.attacker.goAway();
      if (attack.poisonsRequest) await denyChanged(victim);
      expect(await victim.enrol()).toBe('installed');
      expect(await victim.host.status()).toBe('valid');
      expect(trusts).toContain(await victim.installedTrust());
    },
  );
});

describe('a host that believes the first answer', () => {
  it.each(ATTACKS)('has $believer when somebody in the middle $name', async (attack) => {
    await using victim = await attacked('tofu', attack);
    expect(await victim.host.status()).toBe(attack.believer === 'installed' ? 'valid' : 'missing');
    if (attack.believer === 'installed') expect(await victim.installedTrust()).toBe('tofu');
    expect(victim.host.said()).toContain('whoever answers first is believed');
  });
});

describe('without an attack', () => {
  it.each<[TrustMode, string]>([
    ['code', 'code'],
    ['token over http', 'token'],
    ['tofu', 'tofu'],
  ])('a host that knows its manager by %s joins, and %s is written down', async (mode, trust) => {
    await field.attacker.goAway();
    await using victim = await field.newVictim(mode);
    expect(await victim.enrol()).toBe('installed');
    expect(await victim.installedTrust()).toBe(trust);
  });
});
