import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRegistration } from './attacker.ts';
import { type Field, openField, type TrustMode, type Victim } from './field.ts';
import { gatherLoot } from './loot.ts';
import { ATTACKS, type Attack, type Loot } from './tricks.ts';

/** Setbacks after which a test has seen enough: each forged answer has come in both of its shapes. */
const ENOUGH = 2;

let field: Field;
let loot: Loot;
beforeAll(async () => {
  field = await openField(true);
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

describe.each<TrustMode>(['ca_file', 'pin', 'token'])('a host that knows its manager by %s', (mode) => {
  it.each(ATTACKS)('tells nothing and installs nothing when somebody in the middle $name', async (attack) => {
    await using victim = await attacked(mode, attack);
    expect(await victim.host.status()).toBe('missing');
    expect(field.attacker.seen.filter(isRegistration)).toEqual([]);
    expect((await victim.host.pending())?.state).toBe('needs_person');
    await expectNoSecrets(victim);
  });
});

describe('a host whose system knows the manager', () => {
  it.each(ATTACKS)('installs nothing when somebody in the middle $name', async (attack) => {
    await using victim = await attacked('system', attack);
    expect(await victim.host.status()).toBe('missing');
    await expectNoSecrets(victim);
  });
});

describe('without an attack', () => {
  it.each<TrustMode>(['ca_file', 'pin', 'token', 'system'])(
    'a host that knows its manager by %s joins, and that is written down',
    async (mode) => {
      await field.attacker.goAway();
      await using victim = await field.newVictim(mode);
      expect(await victim.enrol()).toBe('installed');
      expect(await victim.installedTrust()).toBe(mode);
    },
  );

  it.each<TrustMode>(['ca_file', 'pin', 'token', 'system'])(
    'a host that knows its manager by %s joins by itself as soon as the attacker is gone',
    async (mode) => {
      await using victim = await attacked(mode, ATTACKS[0] as Attack);
      expect(await victim.host.status()).toBe('missing');
      await field.attacker.goAway();
      expect(await victim.enrol()).toBe('installed');
      expect(await victim.installedTrust()).toBe(mode);
    },
  );
});
