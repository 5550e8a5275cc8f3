import { MANAGER_AUDIT_EVENTS } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, newHost, newOlderAgent, renew, serialOf } from './agents.ts';
import { findAuditBreak } from './audit-break.ts';
import { startWorld, TESTER, type World } from './world.ts';

const HOUR_MS = 3_600_000;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

interface Row {
  readonly actor: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

async function audited(): Promise<Row[]> {
  const rows = await world.database.db.selectFrom('audit').selectAll().orderBy('seq').execute();
  return rows.map((row) => ({ ...row, fields: JSON.parse(row.fields) as Row['fields'] }));
}

/** Rows that came while `act` ran. */
async function during(act: () => Promise<unknown>): Promise<Row[]> {
  const before = (await audited()).length;
  await act();
  // What administrators ask for has records of its own, see below.
  return (await audited()).slice(before).filter((row) => !row.event.startsWith('admin_call'));
}

const names = (rows: readonly Row[]) => rows.map((row) => row.event);

describe('every step of the life of a host', () => {
  it('is recorded from the request to the renewal, with who did it', async () => {
    const agent = await newAgent(world);
    let bundle: Awaited<ReturnType<typeof agent.join>> | undefined;
    const joined = await during(async () => {
      await agent.register();
      await world.admin(`/enrollments/${agent.requestId}/approve`, { code: '0000-0000-0000-0000' });
      await agent.approve();
      bundle = (await agent.poll()).json();
      await agent.acknowledge(serialOf(bundle.server_crt), 'rejected');
      await agent.acknowledge(serialOf(bundle.server_crt));
    });
    expect(names(joined)).toEqual([
      'enrollment_requested',
      'enrollment_wrong_code',
      'enrollment_approved',
      'enrollment_bundle_sent',
      'enrollment_bundle_rejected',
      'enrollment_installed',
    ]);
    expect(joined.map((row) => row.actor === TESTER)).toEqual([false, true, true, false, false, false]);
    const current = { certificateChainPem: bundle?.server_crt ?? '', keyPem: agent.keyPem };
    expect(names(await during(() => renew(world, current)))).toEqual(['certificate_renewed']);
  });

  it('includes the revocation of what a new certificate replaces, and the refusal to renew it', async () => {
    const facts = newHost();
    const [before, after] = [await newAgent(world, { facts }), await newAgent(world, { facts })];
    const old = await before.join();
    await before.acknowledge(serialOf(old.server_crt));
    const taken = await during(async () => {
      await after.register();
      await after.approve({ code: after.code, replace: true });
      await after.acknowledge(serialOf((await after.poll()).json().server_crt));
    });
    expect(taken.find((row) => row.event === 'certificate_revoked')?.fields).toMatchObject({
      serial: serialOf(old.server_crt),
      reason: 'superseded',
    });
    const refused = await during(() =>
      renew(world, { certificateChainPem: old.server_crt, keyPem: before.keyPem }),
    );
    expect(refused).toMatchObject([
      {
        event: 'certificate_renewal_refused',
        fields: { serial: serialOf(old.server_crt), reason: expect.stringContaining('revoked') },
      },
    ]);
  });

  it('includes denials, and requests that nobody decided', async () => {
    const [denied, forgotten] = [await newAgent(world), newOlderAgent(world)];
    const rows = await during(async () => {
      await denied.register();
      await world.admin(`/enrollments/${denied.requestId}/deny`, { reason: 'not ours' });
      await forgotten.register();
      await world.advance(25 * HOUR_MS);
      await newOlderAgent(world).register();
    });
    expect(names(rows)).toEqual(expect.arrayContaining(['enrollment_denied', 'enrollment_expired']));
    const expired = rows.find((row) => row.event === 'enrollment_expired');
    expect(expired?.fields).toMatchObject({ fqdn: forgotten.facts.fqdn, generation: 'older' });
  });
});

describe('what administrators ask for', () => {
  const calls = async (act: () => Promise<unknown>): Promise<Row[]> => {
    const before = (await audited()).length;
    await act();
    return (await audited()).slice(before).filter((row) => row.event.startsWith('admin_call'));
  };

  it('is recorded with its arguments before it is done, without secrets, and when it fails', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const rows = await calls(async () => {
      await world.admin('/hosts');
      await world.admin(`/enrollments/${agent.requestId}/approve`, { code: '0000-0000-0000-0000' });
      await world.admin(`/hosts/nobody.example.test/patches/apply`, {
        patches: ['curl'],
        security_only: true,
        allow_reboot: true,
      });
    });
    expect(rows.map((row) => [row.actor, row.event, row.fields])).toEqual([
      [
        TESTER,
        'admin_call',
        {
          request_id: expect.any(String),
          address: 'local',
          method: 'POST',
          route: '/api/v1/enrollments/{id}/approve',
          parameters: { id: agent.requestId },
          body: { code: '[redacted]' },
        },
      ],
      [TESTER, 'admin_call_failed', expect.objectContaining({ code: 'CODE_MISMATCH' })],
      [
        TESTER,
        'admin_call',
        expect.objectContaining({
          parameters: { id: 'nobody.example.test' },
          body: { patches: ['curl'], security_only: true, allow_reboot: true },
        }),
      ],
      [TESTER, 'admin_call_failed', expect.objectContaining({ code: 'HOST_NOT_FOUND' })],
    ]);
  });
});

describe('what strangers do', () => {
  it('has so many rows for each address, and one that says how much more it was', async () => {
    await using flooded = await startWorld();
    for (let number = 0; number < 250; number += 1)
      await newOlderAgent(flooded).register({ localAddress: '127.0.0.77' });
    await newOlderAgent(flooded).register();
    await flooded.restart();
    const rows = await flooded.database.db.selectFrom('audit').selectAll().orderBy('seq').execute();
    expect(rows.filter((row) => row.event === 'enrollment_requested')).toHaveLength(241);
    const sums = rows.filter((row) => row.event === 'stranger_events_summed');
    expect(sums.map((row) => JSON.parse(row.fields) as object)).toEqual([
      {
        observed_address: '127.0.0.77',
        since: expect.any(String),
        events: { enrollment_requested: 10 },
      },
    ]);
    expect(await findAuditBreak(flooded.database.db)).toBeUndefined();
  });
});

describe('the life of the manager', () => {
  it('is recorded: start, stop, wrong tokens', async () => {
    expect(names(await during(() => world.restart()))).toEqual([
      'manager_stopped',
      'manager_started',
      'legacy_door_open',
    ]);
    const guesses = await during(async () => {
      for (let guess = 0; guess < 15; guess += 1) {
        const authorization = `Bearer guess-${guess}`;
        await world.call({ path: '/api/v1/status', headers: { authorization } });
      }
    });
    expect(guesses).toHaveLength(10);
    expect(guesses[0]).toMatchObject({
      actor: 'unknown',
      event: 'admin_refused',
      fields: { address: '127.0.0.1', method: 'GET', path: '/api/v1/status' },
    });
    expect(JSON.stringify(guesses)).not.toContain('guess-');
  });

  it('includes the renewal of its own certificates, each once', async () => {
    const rows = await during(async () => {
      await world.advance(245 * 86_400_000);
      const renewed = async () =>
        (await audited()).filter((one) => one.event === 'own_certificate_renewed').length;
      await expect.poll(renewed).toBe(2);
    });
    const own = rows.filter((one) => one.event === 'own_certificate_renewed');
    expect(new Set(own.map((one) => one.fields.name))).toEqual(new Set(['client', 'web']));
    const recorded = await world.database.db
      .selectFrom('certificates')
      .select(['kind', 'host_id'])
      .where('kind', '!=', 'agent')
      .orderBy('kind')
      .execute();
    expect(recorded.map((row) => row.kind)).toEqual(['manager_client', 'manager_client', 'web', 'web']);
  });
});

describe('the whole log', () => {
  it('is one chain, and no record says more than the table of events', async () => {
    expect(await findAuditBreak(world.database.db)).toBeUndefined();
    const known: Readonly<Record<string, { readonly fields: readonly string[] }>> = MANAGER_AUDIT_EVENTS;
    for (const { event, fields } of await audited()) {
      expect(known[event], event).toBeDefined();
      const more = Object.keys(fields).filter((field) => !known[event]?.fields.includes(field));
      expect(more, `${event} has fields the table does not know`).toEqual([]);
    }
  });
});
