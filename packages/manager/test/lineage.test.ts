import { type Certificate, Renewed } from '@linux-patch/contract';
import { createRenewalProof, createRequest, generateKey } from '@linux-patch/pki';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beyondThree, noteServed, replacedBy } from '../src/certificates/lineage.ts';
import { MIGRATIONS } from '../src/database/migrations/index.ts';
import { newAgent, serialOf } from './agents.ts';
import type { Answer } from './https-call.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { revokedSerials } from './revoked.ts';
import { ON_SQLITE, startWorld, type World } from './world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let world: World;
beforeEach(async () => {
  world = await startWorld(LISTENING);
});
afterEach(() => world[Symbol.asyncDispose]());

interface Identity {
  readonly certificateChainPem: string;
  readonly keyPem: string;
}

/** A host of the fleet that serves, and what it proves itself with. */
async function joined() {
  const agent = await newAgent(world);
  const bundle = await agent.join();
  const serial = serialOf(bundle.server_crt);
  await agent.acknowledge(serial);
  const identity: Identity = { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem };
  return { agent, fqdn: agent.facts.fqdn, identity, serial };
}

/** Renews to a key, and says what came. */
async function renewTo(identity: Identity, keyPem: string) {
  const csr = await createRequest({ privateKeyPem: keyPem, commonName: 'x', dnsNames: [], ipAddresses: [] });
  const proof = createRenewalProof({
    privateKeyPem: identity.keyPem,
    certificateChainPem: identity.certificateChainPem,
    audience: 'https://manager.example.test:8443/api/v1/enroll/renew',
    csrPem: csr,
    nowS: Math.floor(world.clock.now() / 1000),
    jti: crypto.randomUUID(),
  });
  const answer = await world.call({ method: 'POST', path: '/api/v1/enroll/renew', body: { csr, proof } });
  const next: Identity = { certificateChainPem: String(answer.json().server_crt), keyPem };
  return { answer, next, serial: answer.status === 200 ? serialOf(next.certificateChainPem) : '' };
}

const windowOf = (answer: Answer) => Renewed.parse(answer.json()).renew_window;
const served = (serial: string) => noteServed(world.database.db, serial, world.clock.now());
const revoked = () => revokedSerials(world);
const liveOf = async (fqdn: string): Promise<string[]> => {
  const { data } = (await world.admin(`/certificates?host=${fqdn}`)).json() as unknown as {
    data: { certificates: Certificate[] };
  };
  return data.certificates.map((one) => one.serial);
};
const identityOf = async (fqdn: string) =>
  ((await world.admin(`/hosts/${fqdn}`)).json().data as unknown as { identity: Record<string, unknown> })
    .identity;
const audited = async (event: string) =>
  (await world.database.db.selectFrom('audit').select('fields').where('event', '=', event).execute()).map(
    (row) => JSON.parse(row.fields) as Record<string, unknown>,
  );

describe('a renewal whose answer was lost', () => {
  it('is answered with the same certificate when the same key asks again, however often', async () => {
    const host = await joined();
    const key = await generateKey();
    const first = await renewTo(host.identity, key);
    await world.advance(HOUR_MS);
    await served(first.serial);
    for (let times = 0; times < 5; times += 1) {
      const again = await renewTo(host.identity, key);
      expect(again.serial).toBe(first.serial);
      expect(windowOf(again.answer)).toEqual(windowOf(first.answer));
    }
    expect((await liveOf(host.fqdn)).sort()).toEqual([host.serial, first.serial].sort());
    expect(await audited('certificate_sent_again')).toHaveLength(5);
  });

  it('gives way to another key while nobody saw the first in use: the lost one is revoked', async () => {
    const host = await joined();
    const lost = await renewTo(host.identity, await generateKey());
    const next = await renewTo(host.identity, await generateKey());
    expect(next.answer.status).toBe(200);
    expect(await revoked()).toContain(lost.serial);
    expect((await liveOf(host.fqdn)).sort()).toEqual([host.serial, next.serial].sort());
  });

  it('is made good after the certificate expired, too', async () => {
    await world[Symbol.asyncDispose]();
    // So that the manager's own certificates, which it renews meanwhile, are valid by the clock of the machine as well.
    world = await startWorld(LISTENING, Date.now() - 300 * DAY_MS);
    const host = await joined();
    await world.advance(300 * DAY_MS);
    const key = await generateKey();
    const lost = await renewTo(host.identity, key);
    await world.advance(70 * DAY_MS);
    expect((await renewTo(host.identity, key)).serial).toBe(lost.serial);
    expect((await renewTo(host.identity, await generateKey())).answer.status).toBe(200);
  });
});

describe('a second renewal of one certificate for another key', () => {
  it('is refused once its successor is in use, and told: audit, log, metric, and the host needs a look', async () => {
    const host = await joined();
    const real = await renewTo(host.identity, await generateKey());
    await served(real.serial);
    for (let times = 0; times < 3; times += 1) {
      const { answer } = await renewTo(host.identity, await generateKey());
      expect([answer.status, answer.json().error.code]).toEqual([403, 'CERT_FORKED']);
      expect(answer.json().error.message).toMatch(/two machines hold one identity.*--enroll.*approve/s);
    }
    expect(await audited('certificate_forked')).toEqual([
      expect.objectContaining({ fqdn: host.fqdn, serial: host.serial, successor: real.serial }),
    ]);
    expect(await audited('certificate_renewal_refused')).toHaveLength(3);
    expect(
      world.logger.records.filter((one) => one.level === 'error' && one.message.startsWith('Two machines')),
    ).toHaveLength(1);
    expect(await identityOf(host.fqdn)).toMatchObject({
      state: 'forked',
      message: expect.stringContaining(host.serial),
    });
    expect(await world.adminText('/metrics')).toContain(
      'linux_patch_manager_hosts_by_identity{state="forked"} 1',
    );
    expect(await revoked()).not.toContain(real.serial);
  });

  it('is over when the certificate with two holders is revoked; the one in use goes on', async () => {
    const host = await joined();
    const real = await renewTo(host.identity, await generateKey());
    await served(real.serial);
    await renewTo(host.identity, await generateKey());
    await world.admin(`/certificates/${host.serial}/revoke`, { reason: 'keyCompromise' });
    // It listens nowhere in this test.
    expect(await identityOf(host.fqdn)).toMatchObject({ state: 'unreached' });
    expect((await renewTo(host.identity, await generateKey())).answer.json().error.code).toBe('CERT_REVOKED');
    expect((await renewTo(real.next, await generateKey())).answer.status).toBe(200);
  });

  it('is seen when the successor proved a renewal itself, and when its host showed it', async () => {
    const host = await joined();
    const real = await renewTo(host.identity, await generateKey());
    await renewTo(real.next, await generateKey());
    expect((await renewTo(host.identity, await generateKey())).answer.json().error.code).toBe('CERT_FORKED');
    await using listening = await joinListening(world);
    const successor = await renewTo(listening.identity, await generateKey());
    listening.serve(successor.next);
    expect((await world.admin(`/hosts/${listening.fqdn}/packages`)).json().error.code).toBe('AGENT_ERROR');
    expect((await renewTo(listening.identity, await generateKey())).answer.json().error.code).toBe(
      'CERT_FORKED',
    );
  });
});

describe('the certificates of one host', () => {
  it('are three at most, however often it renews; the oldest are revoked', async () => {
    const host = await joined();
    let current = host.identity;
    const serials = [host.serial];
    for (let times = 0; times < 6; times += 1) {
      const { next, serial } = await renewTo(current, await generateKey());
      [current, serials[times + 1]] = [next, serial];
    }
    expect((await liveOf(host.fqdn)).sort()).toEqual(serials.slice(-3).sort());
    for (const serial of serials.slice(0, -3)) expect(await revoked()).toContain(serial);
  });

  it('are three at most with approvals that nobody fetches, which never end the one in use', async () => {
    const host = await joined();
    const approved: string[] = [];
    for (let times = 0; times < 5; times += 1) {
      const again = await newAgent(world, { facts: host.agent.facts });
      approved.push(serialOf((await again.join()).server_crt));
    }
    expect((await liveOf(host.fqdn)).sort()).toEqual([host.serial, ...approved.slice(-2)].sort());
  });
});

describe('a host that is answered for with a certificate of another host', () => {
  it('is not believed, although the CA is ours and the name is right, and needs a look', async () => {
    await world[Symbol.asyncDispose]();
    world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 1 } });
    await using one = await joinListening(world);
    expect((await world.admin(`/hosts/${one.fqdn}/packages`)).json().error.code).toBe('AGENT_ERROR');
    const other = await joined();
    const { host_id } = await world.database.db
      .selectFrom('certificates')
      .select('host_id')
      .where('serial', '=', other.serial)
      .executeTakeFirstOrThrow();
    const asIssuedToTheOther = { host_id };
    await world.database.db
      .updateTable('certificates')
      .set(asIssuedToTheOther)
      .where('serial', '=', one.serial)
      .execute();
    const { error } = (await world.admin(`/hosts/${one.fqdn}/packages`)).json();
    expect([error.code, error.message]).toEqual([
      'AGENT_UNREACHABLE',
      expect.stringContaining('was not issued to it by this manager'),
    ]);
    expect(one.asked.filter((call) => call.path.startsWith('/api/v1/packages'))).toHaveLength(1);
  });
});

describe('a manager that was set back to a backup', () => {
  it('says of a host whose certificate is not on record any more what is wrong', async () => {
    await world[Symbol.asyncDispose]();
    world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 1 } });
    await using host = await joinListening(world);
    const next = await renewTo(host.identity, await generateKey());
    host.serve(next.next);
    await world.database.db.deleteFrom('certificates').where('serial', '=', next.serial).execute();
    await world.advance(75_000);
    await expect
      .poll(() => identityOf(host.fqdn))
      .toMatchObject({
        state: 'unknown_certificate',
        served_serial: next.serial,
        message: expect.stringMatching(/did not issue.*backup.*--enroll/s),
      });
  });
});

it('an older database learns its lines: where each begins, what was used, and quickly with twelve thousand', async () => {
  await world[Symbol.asyncDispose]();
  // Databases that are older than this are files of SQLite.
  world = await startWorld({ ...LISTENING, ...ON_SQLITE });
  const { db } = world.database;
  const host = await joined();
  const { id } = await db
    .selectFrom('hosts')
    .select('id')
    .where('fqdn', '=', host.fqdn)
    .executeTakeFirstOrThrow();
  const length = 12_000;
  await sql`
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${length})
    insert into certificates (serial, kind, host_id, subject, spki_sha256, not_before, not_after, issued_at, renewed_from, ca)
    select 'f' || substr(cast(100000 + i as text), 2), 'agent', ${id}, 's', 'k', 1, ${world.clock.now() + DAY_MS}, i,
      case when i = 1 then ${host.serial} else 'f' || substr(cast(99999 + i as text), 2) end, 'ca-1' from n`.execute(
    db,
  );
  await sql`drop index certificates_by_predecessor`.execute(db);
  for (const column of ['origin', 'served_at', 'forked_at', 'pem'])
    await sql`alter table certificates drop column ${sql.ref(column)}`.execute(db);
  const before = process.cpuUsage();
  await MIGRATIONS['008-succession']?.up(db);
  const later = { serial: 'another', decidedAt: world.clock.now() };
  expect(await replacedBy(db, id, later)).toHaveLength(length + 1);
  expect(await replacedBy(db, id, { ...later, serial: host.serial })).toEqual([]);
  expect(await beyondThree(db, id, world.clock.now())).toHaveLength(length - 2);
  // Twelve seconds of a processor before lines were on record.
  expect(process.cpuUsage(before).user).toBeLessThan(3_000_000);
  const last = await db
    .selectFrom('certificates')
    .select(['origin', 'served_at'])
    .where('serial', 'in', ['f11999', 'f12000'])
    .execute();
  expect(last.map((row) => [row.origin, row.served_at !== null])).toEqual([
    [host.serial, true],
    [host.serial, false],
  ]);
});
