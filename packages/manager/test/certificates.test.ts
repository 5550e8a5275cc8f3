import { connect } from 'node:tls';
import type { Certificate, Host, ListDelivery } from '@linux-patch/contract';
import { canonicalSerial, parseCrl } from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newAgent, renew, serialOf } from './agents.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { listFor } from './revoked.ts';
import { startWorld, TESTER, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 1 } });
});
afterEach(() => world[Symbol.asyncDispose]());

interface Shown {
  readonly certificates: Certificate[];
  readonly certificate: Certificate;
  readonly changed: boolean;
  readonly delivery: ListDelivery;
  readonly revoked: string[];
}

async function asked(path: string, body?: object) {
  const answer = await world.admin(path, body);
  const { data, error } = answer.json() as unknown as {
    data: Shown;
    error: { code: string; message: string };
  };
  return { status: answer.status, data, error };
}

const list = async (query = '') => (await asked(`/certificates${query}`)).data.certificates;
const revoke = (serial: string, reason = 'keyCompromise') =>
  asked(`/certificates/${serial}/revoke`, { reason });
const listNow = (serial?: string) => listFor(world, serial);
const hostNow = async (fqdn: string) => (await world.admin(`/hosts/${fqdn}`)).json().data as unknown as Host;

async function audited(event: string): Promise<Record<string, unknown>[]> {
  const rows = await world.database.db.selectFrom('audit').selectAll().where('event', '=', event).execute();
  return rows.map((row) => ({ actor: row.actor, ...(JSON.parse(row.fields) as object) }));
}

/** Lets the manager ask its fleet once. */
async function poll(): Promise<void> {
  const lastPoll = world.clock.now();
  await world.atRest();
  const atRest = world.clock.sleeping;
  await world.advance(75_000);
  const polled = async () => {
    const reports = await world.database.db.selectFrom('host_reports').select('at').execute();
    const failed = await world.database.db.selectFrom('hosts').select('last_error').execute();
    return reports.some((one) => one.at > lastPoll) || failed.some((one) => one.last_error !== null);
  };
  await expect.poll(polled).toBe(true);
  // The round is over: nothing of it meets the next step of the clock.
  await expect.poll(() => world.clock.sleeping).toBe(atRest);
}

describe('certificates', () => {
  it("are all on record, the manager's own included, and can be found", async () => {
    await using one = await joinListening(world);
    await using two = await joinListening(world);
    expect((await list()).map((row) => row.kind)).toEqual(
      expect.arrayContaining(['agent', 'agent', 'manager_client', 'web']),
    );
    expect((await list(`?host=${one.fqdn}`)).map((row) => row.serial)).toEqual([one.serial]);
    expect(await list('?expiring=10')).toEqual([]);
    expect((await list('?expiring=366')).map((row) => row.serial)).toContain(two.serial);
    expect(await list('?state=revoked')).toEqual([]);
    const asPeopleCopyIt = one.serial.toUpperCase().match(/../g)?.join(':') ?? '';
    expect((await asked(`/certificates/${asPeopleCopyIt}`)).data).toMatchObject({
      serial: one.serial,
      host: one.fqdn,
      state: 'valid',
      days_left: 364,
    });
  });

  it('are found by the beginning of their serial number while no other begins so; else both are named', async () => {
    const serial = serialOf((await (await newAgent(world)).join()).server_crt);
    const short = serial.slice(0, 8);
    expect((await asked(`/certificates/${short.toUpperCase()}`)).data).toMatchObject({ serial });
    expect((await asked(`/certificates/${serial.slice(0, 5)}`)).error.code).toBe('CERTIFICATE_NOT_FOUND');
    const twin = `${serial.slice(0, 20)}${serial.slice(20).replaceAll(/./g, '0')}`;
    await world.database.db
      .updateTable('certificates')
      .set({ serial: twin })
      .where('serial', '=', serialOf((await (await newAgent(world)).join()).server_crt))
      .execute();
    const { error } = await revoke(short);
    expect([error.code, error.message]).toEqual([
      'CERTIFICATE_NOT_FOUND',
      expect.stringMatching(new RegExp(`Several.*(${serial}.*${twin}|${twin}.*${serial})`)),
    ]);
    expect(await list('?state=revoked')).toEqual([]);
    expect((await revoke(serial)).data.changed).toBe(true);
  });

  it('are not guessed: an unknown serial, filter or reason is an error', async () => {
    expect((await asked('/certificates/0a')).error.code).toBe('CERTIFICATE_NOT_FOUND');
    expect((await asked('/certificates/nonsense')).error.code).toBe('CERTIFICATE_NOT_FOUND');
    expect((await asked('/certificates?hosts=x')).error.code).toBe('INVALID_REQUEST');
    expect((await asked('/certificates?host=nobody')).error.code).toBe('HOST_NOT_FOUND');
    await using host = await joinListening(world);
    expect((await revoke(host.serial, 'certificateHold')).error.code).toBe('INVALID_REQUEST');
    expect((await world.call({ path: '/api/v1/certificates' })).status).toBe(401);
  });

  it('of hosts that are revoked are in the list for them with their reason, and that host alone is sent it at once', async () => {
    await using stolen = await joinListening(world);
    await using other = await joinListening(world);
    const { data } = await revoke(stolen.serial);
    expect(data).toMatchObject({
      changed: true,
      certificate: { state: 'revoked', revoke_reason: 'keyCompromise' },
      delivery: { hosts: 1, taken: 1, pending: [] },
    });
    expect((await listNow(stolen.serial)).reasons.get(stolen.serial)).toBe(1);
    expect(parseCrl(stolen.lists()[0] ?? '').serials).toEqual(new Set([stolen.serial]));
    expect(other.lists()).toEqual([]);
    expect((await listNow(other.serial)).serials.size).toBe(0);
    expect((await list('?state=revoked')).map((row) => row.serial)).toEqual([stolen.serial]);
    expect((await audited('certificate_revoked')).at(-1)).toMatchObject({
      actor: TESTER,
      serial: stolen.serial,
      reason: 'keyCompromise',
    });
    expect((await revoke(stolen.serial, 'superseded')).data).toMatchObject({
      changed: false,
      certificate: { revoke_reason: 'keyCompromise' },
    });
  });

  it('that are revoked neither renew nor are believed when the manager calls', async () => {
    await using stolen = await joinListening(world);
    await revoke(stolen.serial);
    const refused = await renew(world, stolen.identity);
    expect([refused.status, refused.json().error.code]).toEqual([403, 'CERT_REVOKED']);
    expect(refused.json().error.message).toMatch(/was revoked on .*keyCompromise.*enrollments approve/s);
    const call = await world.admin(`/hosts/${stolen.fqdn}/packages`);
    expect([call.status, call.json().error.code]).toEqual([502, 'AGENT_UNREACHABLE']);
    expect(call.json().error.message).toContain('is revoked');
    expect(stolen.asked.filter((one) => one.method === 'GET')).toEqual([]);
    expect((await hostNow(stolen.fqdn)).identity).toMatchObject({ state: 'revoked' });
  });
});

describe('a key that was revoked as compromised', () => {
  it('gets no certificate any more, not even with its code, and the request says so before', async () => {
    const agent = await newAgent(world);
    const serial = serialOf((await agent.join()).server_crt);
    await agent.acknowledge(serial);
    await revoke(serial);
    const again = await newAgent(world, { facts: agent.facts, keyPem: agent.keyPem });
    await again.register();
    expect((await world.admin(`/enrollments/${again.requestId}`)).json().data.conflicts).toContain(
      `its key was revoked as compromised, with certificate ${serial}`,
    );
    for (const wish of [{ code: again.code }, { code: again.code, replace: true }]) {
      const refused = await again.approve(wish);
      expect([refused.status, refused.json().error.code]).toEqual([403, 'FORBIDDEN']);
      expect(refused.json().error.message).toMatch(/revoked as compromised.*leave --force/);
    }
    const fresh = await newAgent(world, { facts: agent.facts });
    expect((await fresh.join()).status).toBe('approved');
  });
});

describe('a host that was switched off', () => {
  it('is sent the list in the background when it is back', async () => {
    await using off = await joinListening(world, false);
    const old = (await list()).find((row) => row.kind === 'manager_client')?.serial ?? '';
    const { data } = await revoke(old);
    expect(data.delivery).toMatchObject({
      hosts: 1,
      taken: 0,
      pending: [{ fqdn: off.fqdn, reason: expect.stringContaining('nothing listens') }],
    });
    await poll();
    expect((await hostNow(off.fqdn)).identity.crl_current).toBe(false);
    await off.wake();
    await poll();
    await expect.poll(() => off.lists().length).toBe(1);
    expect(parseCrl(off.lists()[0] ?? '').serials).toEqual(new Set([old]));
    await expect.poll(async () => (await hostNow(off.fqdn)).identity.crl_current).toBe(true);
    await poll();
    expect(off.lists()).toHaveLength(1);
  });

  it('and was revoked meanwhile hears that, too', async () => {
    await using stolen = await joinListening(world, false);
    expect((await revoke(stolen.serial)).data.delivery).toMatchObject({ hosts: 1, taken: 0 });
    await stolen.wake();
    await poll();
    // Whoever joined just now is looked at between two rounds as well.
    await expect.poll(() => stolen.lists().length).toBeGreaterThan(0);
    expect(parseCrl(stolen.lists()[0] ?? '').serials).toEqual(new Set([stolen.serial]));
    // What it says it has, does not tell whether it knows.
    stolen.say({ crl_number: String(Date.now() + 1_000_000_000) });
    const told = stolen.lists().length;
    await poll();
    await expect.poll(() => stolen.lists().length).toBeGreaterThan(told);
  });
});

describe('the identity of each host', () => {
  it('is asked in the background and shown, with those that need a look, and told once', async () => {
    await using host = await joinListening(world);
    await poll();
    await expect.poll(async () => (await hostNow(host.fqdn)).identity.reported_at).not.toBeNull();
    expect((await hostNow(host.fqdn)).identity).toMatchObject({
      state: 'ok',
      message: null,
      days_left: 364,
      trust: 'code',
      served_serial: host.serial,
      crl_status: 'valid',
    });
    host.say({ checks: { certificates: 'renewal fails: no route to the manager' } });
    await poll();
    await expect.poll(async () => (await audited('host_identity_alarm')).length).toBe(1);
    await poll();
    host.say({});
    await poll();
    await expect.poll(async () => (await audited('host_identity_alarm')).length).toBe(2);
    expect((await audited('host_identity_alarm')).map((one) => one.state)).toEqual(['renewal_failing', 'ok']);
  });

  it('is in the metrics', async () => {
    await using host = await joinListening(world);
    await revoke(host.serial);
    const token = await world.adminText('/metrics');
    expect(token).toContain('linux_patch_manager_hosts_by_identity{state="revoked"} 1');
    expect(token).toMatch(/linux_patch_manager_crl_number \d{13}/);
    expect(token).toContain('linux_patch_manager_hosts_crl_behind 0');
  });
});

describe("the manager's own certificate", () => {
  it('is made anew before it is revoked, so that agents are still called', async () => {
    await using host = await joinListening(world);
    const old = (await list()).find((row) => row.kind === 'manager_client')?.serial ?? '';
    const { data } = await revoke(old);
    expect(data.delivery).toMatchObject({ hosts: 1, taken: 1 });
    expect((await listNow()).serials).toContain(old);
    const now = (await list()).filter((row) => row.kind === 'manager_client').map((row) => row.serial);
    expect(now).toEqual([host.asked.at(-1)?.client]);
    expect(now).not.toContain(old);
  });

  it('for HTTPS is swapped in the running server', async () => {
    const old = (await list()).find((row) => row.kind === 'web')?.serial ?? '';
    expect((await revoke(old, 'superseded')).data.changed).toBe(true);
    const served = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.caPem }, () => {
        resolve(canonicalSerial(socket.getPeerX509Certificate()?.serialNumber ?? '0'));
        socket.end();
      });
      socket.once('error', reject);
    });
    expect(served).not.toBe(old);
    expect((await list()).filter((row) => row.kind === 'web').map((row) => row.serial)).toEqual([served]);
  });
});

describe('a host that is removed', () => {
  it('has its certificates revoked and told; they stay on record and in the list', async () => {
    await using host = await joinListening(world);
    const answer = await world.remove(`/hosts/${host.fqdn}`);
    expect(answer.json().data).toMatchObject({
      fqdn: host.fqdn,
      revoked: [host.serial],
      delivery: { hosts: 1, taken: 1 },
    });
    expect((await world.admin(`/hosts/${host.fqdn}`)).status).toBe(404);
    expect((await listNow(host.serial)).reasons.get(host.serial)).toBe(5);
    expect((await asked(`/certificates/${host.serial}`)).data).toMatchObject({
      state: 'revoked',
      host: null,
    });
    expect(parseCrl(host.lists()[0] ?? '').serials).toContain(host.serial);
    expect((await audited('host_removed')).at(-1)).toMatchObject({
      actor: TESTER,
      fqdn: host.fqdn,
      revoked: 1,
    });
    expect((await world.remove(`/hosts/${host.fqdn}`)).status).toBe(404);
  });
});
