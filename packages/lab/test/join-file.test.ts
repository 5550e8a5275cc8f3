import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificateFingerprint, parseJoinString } from '@linux-patch/pki';
import { testAuthority } from '@linux-patch/pki/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JoinSettings } from '../../agent/test/enrollment/joining-host.ts';
import { isRegistration } from './attacks/attacker.ts';
import { type Field, openField, type Victim } from './attacks/field.ts';

let field: Field;
beforeAll(async () => {
  field = await openField(false);
  await field.attacker.goAway();
});
afterAll(() => field[Symbol.asyncDispose]());
beforeEach(() => {
  field.attacker.seen.length = 0;
});

const registrations = () => field.attacker.seen.filter(isRegistration);
const requestsOf = async (victim: Victim) =>
  (await field.manager.admin('/enrollments?state=all'))
    .json()
    .data.enrollments.filter((one) => one.fqdn === victim.fqdn);
const write = (victim: Victim, text: string, mode = 0o600) => writeFile(victim.joinFile, text, { mode });
const verdictOf = async (victim: Victim) => (await victim.host.pending())?.join_token?.verdict;

/** Enrols with nobody there to approve, until the host has done nothing but wait for a while. */
const alone = (victim: Victim, settings: Partial<JoinSettings> = {}) =>
  victim.enrol({ approving: false, setbacks: 2, settings });

describe('a join file', () => {
  it('lets its host in without a person, and its secret goes nowhere', async () => {
    await using victim = await field.newVictim('token');
    const text = await readFile(victim.joinFile, 'utf8');
    expect(await alone(victim)).toBe('installed');
    expect(await victim.installedTrust()).toBe('token');
    expect(await requestsOf(victim)).toMatchObject([{ join_token: { verdict: 'accepted' } }]);
    const { secret } = parseJoinString(text);
    for (const form of ['base64url', 'hex'] as const) {
      expect(victim.host.said()).not.toContain(Buffer.from(secret).toString(form));
      expect(JSON.stringify(field.attacker.seen)).not.toContain(Buffer.from(secret).toString(form));
    }
    expect(await readFile(victim.joinFile, 'utf8')).toBe(text);
    expect(victim.host.audited).toContainEqual(
      expect.objectContaining({
        event: 'enrollment_join_token',
        fields: expect.objectContaining({ verdict: 'accepted' }),
      }),
    );
  });

  it('that others can read is not used until it is private, and the message says how', async () => {
    await using victim = await field.newVictim('token');
    for (const mode of [0o640, 0o604]) {
      await chmod(victim.joinFile, mode);
      expect(await alone(victim)).toBe('stopped');
      expect(victim.host.said()).toContain(`chmod 600 ${victim.joinFile}`);
      expect((await victim.host.pending())?.state).toBe('needs_person');
    }
    expect(field.attacker.seen).toEqual([]);
    expect(await alone(victim, { mode: 'once' })).toBe('failed');
    await chmod(victim.joinFile, 0o600);
    expect(await alone(victim)).toBe('installed');
  });

  it('that is broken, a link, or a folder is not used', async () => {
    await using victim = await field.newVictim('token');
    const good = await readFile(victim.joinFile, 'utf8');
    const elsewhere = join(victim.host.root, 'elsewhere');
    for (const spoil of [
      () => write(victim, good.slice(0, 60)),
      () => rename(victim.joinFile, elsewhere).then(() => symlink(elsewhere, victim.joinFile)),
      () => rm(victim.joinFile).then(() => mkdir(victim.joinFile, 0o700)),
    ]) {
      await spoil();
      expect(await alone(victim)).toBe('stopped');
      expect((await victim.host.pending())?.last_error).toContain(victim.joinFile);
      expect(field.attacker.seen).toEqual([]);
    }
    expect(victim.host.said()).not.toContain(good.slice(48, 60));
  });

  it('of another manager sends nothing, because its pin is another one', async () => {
    await using victim = await field.newVictim('token');
    const stranger = await openStranger();
    await write(victim, stranger);
    expect(await alone(victim)).toBe('stopped');
    expect(registrations()).toEqual([]);
    expect(victim.host.said()).toContain(`the join string in ${victim.joinFile}`);
  });

  it('is found as a credential of systemd, and as configured', async () => {
    for (const place of ['configured', 'credential'] as const) {
      await using victim = await field.newVictim('token');
      const { root } = victim.host;
      const path = join(root, 'linux-patch-join');
      await rename(victim.joinFile, path);
      const settings = place === 'configured' ? { configuredJoinFile: path } : { credentialsFolder: root };
      expect(await alone(victim, settings)).toBe('installed');
      expect(await victim.installedTrust()).toBe('token');
    }
  });

  it('that is not there yet is taken up when it comes', async () => {
    await using victim = await field.newVictim('token');
    const late = join(victim.host.root, 'late');
    await rename(victim.joinFile, late);
    let polls = 0;
    const outcome = await victim.enrol({
      approving: false,
      settings: { configuredJoinFile: victim.joinFile },
      until: async () => {
        polls += 1;
        if (polls === 3) await rename(late, victim.joinFile);
        return false;
      },
    });
    expect(outcome).toBe('installed');
    expect(victim.host.said()).toContain(`${victim.joinFile} does not exist`);
    expect(await victim.installedTrust()).toBe('token');
    expect(await requestsOf(victim)).toHaveLength(1);
  });

  it('that is missing does not make the host believe whoever answers first', async () => {
    await using victim = await field.newVictim('tofu');
    expect(await alone(victim, { configuredJoinFile: victim.joinFile })).toBe('stopped');
    expect(field.attacker.seen).toEqual([]);
    expect((await victim.host.pending())?.last_error).toContain('enrollment.trust: tofu');
  });
});

/** A join string whose CA nobody here has. */
async function openStranger(): Promise<string> {
  const string = await field.newJoinString();
  const [version, , secret] = string.split('.');
  return [version, Buffer.alloc(32, 7).toString('base64url'), secret].join('.');
}

describe('the pin of a join string', () => {
  it('overrides no other setting: a contradiction is a fault that names both, and nothing is sent', async () => {
    await using victim = await field.newVictim('token');
    const other = await testAuthority({ now: Date.now() });
    const caFile = join(victim.host.root, 'other.pem');
    await writeFile(caFile, other.root.certificatePem);
    for (const [settings, name] of [
      [{ caFingerprint: certificateFingerprint(other.root.certificatePem) }, 'enrollment.ca_fingerprint'],
      [{ caFile }, `enrollment.ca_file ${caFile}`],
    ] as const) {
      expect(await alone(victim, settings)).toBe('stopped');
      const error = (await victim.host.pending())?.last_error;
      expect(error).toContain(name);
      expect(error).toContain(`the join string in ${victim.joinFile} name different CAs`);
    }
    expect(registrations()).toEqual([]);
  });

  it('goes well with the same CA in another form', async () => {
    for (const settings of [
      { caFingerprint: certificateFingerprint(field.manager.caPem) },
      { caFingerprint: field.manager.caFingerprint },
      { caFile: join(field.manager.paths.caFolder, 'root.pem') },
    ]) {
      await using victim = await field.newVictim('token');
      expect(await alone(victim, settings)).toBe('installed');
      expect(await victim.installedTrust()).toBe('token');
    }
  });

  it('demands that the manager publishes its CA: taking it away makes nothing weaker', async () => {
    await using victim = await field.newVictim('token');
    const hidden = { status: 404, headers: { 'content-type': 'application/json' }, text: '{}' };
    field.attacker.tricks = { outward: (request) => (request.path.endsWith('ca.pem') ? hidden : request) };
    expect(await alone(victim)).toBe('stopped');
    expect(registrations()).toEqual([]);
    field.attacker.tricks = {};
    expect(await alone(victim)).toBe('installed');
  });
});

describe('a token that lets nobody in', () => {
  async function spentVictim(): Promise<Victim> {
    const victim = await field.newVictim('token');
    await using first = await field.newVictim('token');
    await write(first, await readFile(victim.joinFile, 'utf8'));
    expect(await alone(first)).toBe('installed');
    return victim;
  }

  it('leaves the host in the queue, says why on both sides, and an administrator can approve', async () => {
    await using victim = await spentVictim();
    expect(
      await victim.enrol({ approving: false, until: async () => (await verdictOf(victim)) === 'spent' }),
    ).toBe('stopped');
    expect(victim.host.said()).toContain('does not let this host in: it has no use left');
    expect(victim.host.progress.at(-1)).toMatchObject({ state: 'waiting', joinToken: 'spent' });
    expect(await requestsOf(victim)).toMatchObject([{ state: 'pending', join_token: { verdict: 'spent' } }]);
    expect(await victim.enrol()).toBe('installed');
    expect(await victim.installedTrust()).toBe('pin');
  });

  it('can be replaced by another one: the waiting request is let in at the next start', async () => {
    await using victim = await spentVictim();
    await victim.enrol({ approving: false, until: async () => (await verdictOf(victim)) === 'spent' });
    await write(victim, `${await field.newJoinString()}\n`);
    expect(await alone(victim)).toBe('installed');
    expect(await victim.installedTrust()).toBe('token');
    expect(await requestsOf(victim)).toHaveLength(1);
  });

  it('when its file goes while the answer is under way, the proof by the token still counts', async () => {
    await using victim = await field.newVictim('token');
    await victim.enrol({ approving: false, until: async () => (await verdictOf(victim)) === 'accepted' });
    expect(await victim.host.status()).toBe('missing');
    await rm(victim.joinFile);
    expect(await alone(victim)).toBe('installed');
    expect(await victim.installedTrust()).toBe('token');
  });
});
