import { RenewWindow } from '@linux-patch/contract';
import { generateKey, parseCertificates } from '@linux-patch/pki';
import { afterEach, describe, expect, it } from 'vitest';
import { noteServed } from '../src/certificates/lineage.ts';
import { newAgent, renew, serialOf } from './agents.ts';
import { startWorld, type World } from './world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let world: World | undefined;
afterEach(() => world?.[Symbol.asyncDispose]());

async function start(settings?: object): Promise<World> {
  world = await startWorld(settings);
  return world;
}

/** A host of the fleet with what it renews with. */
async function joined(manager: World) {
  const agent = await newAgent(manager);
  const bundle = await agent.join();
  const current = { certificateChainPem: String(bundle.server_crt), keyPem: agent.keyPem };
  return { agent, bundle, current, serial: serialOf(current.certificateChainPem) };
}

function windowOf(answer: unknown): RenewWindow {
  const { renew_window, ext } = answer as {
    renew_window?: RenewWindow;
    ext?: { renew_window?: RenewWindow };
  };
  return RenewWindow.parse(renew_window ?? ext?.renew_window);
}

const dayOf = (iso: string, from: number): number => (Date.parse(iso) - from) / DAY_MS;

describe('the plan of renewals', () => {
  it('gives every certificate a window of its own hour between 60 and 80 percent of its life', async () => {
    const manager = await start();
    const now = manager.clock.now();
    const hours = new Set<number>();
    for (let index = 0; index < 5; index += 1) {
      const { bundle } = await joined(manager);
      const { start: from, end } = windowOf(bundle);
      expect(dayOf(from, now)).toBeGreaterThan(218.9);
      expect(dayOf(end, now)).toBeLessThan(292);
      expect(Date.parse(end) - Date.parse(from)).toBe(40 * 60_000);
      hours.add(Math.floor(Date.parse(from) / HOUR_MS));
    }
    expect(hours.size).toBe(5);
  });

  it('is remembered by the next start of the manager', async () => {
    const manager = await start({ certificates: { agent_days: 2 } });
    // Two days leave eight or nine whole hours: more hosts than that fill each once before any twice.
    const first = [await joined(manager), await joined(manager)];
    await manager.restart();
    const second = [await joined(manager), await joined(manager)];
    const hours = [...first, ...second].map(({ bundle }) =>
      Math.floor(Date.parse(windowOf(bundle).start) / HOUR_MS),
    );
    expect(new Set(hours).size).toBe(4);
  });

  it('covers renewals too, and counts the hosts whose renewal is overdue until it is done', async () => {
    const manager = await start({ certificates: { agent_days: 2 } });
    const { current } = await joined(manager);
    const overdue = async () => {
      const text = await manager.adminText('/metrics');
      return /^linux_patch_manager_renewals_overdue (\d+)$/m.exec(text)?.[1];
    };
    expect(await overdue()).toBe('0');
    await manager.advance(63 * HOUR_MS);
    expect(await overdue()).toBe('1');
    const renewed = await renew(manager, current);
    expect(Date.parse(windowOf(renewed.json()).start)).toBeGreaterThan(manager.clock.now());
    expect(await overdue()).toBe('0');
  });
});

describe('a certificate that expired while its host was switched off', () => {
  it('renews without a person within thirty days, and the log says how late it was', async () => {
    const manager = await start();
    const { current, serial } = await joined(manager);
    await manager.advance((365 + 29) * DAY_MS);
    const renewed = await renew(manager, current);
    expect(renewed.status).toBe(200);
    const [leaf] = parseCertificates(renewed.json().server_crt);
    expect(leaf!.notAfterMs).toBeGreaterThan(manager.clock.now() + 364 * DAY_MS);
    const logged = await manager.database.db
      .selectFrom('audit')
      .select('fields')
      .where('event', '=', 'certificate_renewed')
      .executeTakeFirstOrThrow();
    expect(JSON.parse(logged.fields)).toMatchObject({ previous_serial: serial, expired_days: 29 });
  });

  it('needs a new enrolment after that, or at once where the administrator wants it so', async () => {
    const manager = await start();
    const { current } = await joined(manager);
    await manager.advance((365 + 31) * DAY_MS);
    const late = await renew(manager, current);
    expect([late.status, late.json().error.message]).toEqual([403, expect.stringContaining('too long ago')]);
    await manager[Symbol.asyncDispose]();
    const strict = await start({ enrollment: { renew_expired_days: 0, requests_per_minute: 1000 } });
    const other = await joined(strict);
    await strict.advance(365 * DAY_MS + HOUR_MS);
    expect((await renew(strict, other.current)).status).toBe(403);
  });

  it('never renews when it is revoked', async () => {
    const manager = await start();
    const { current, serial } = await joined(manager);
    await manager.database.db
      .updateTable('certificates')
      .set({ revoked_at: manager.clock.now(), revoke_reason: 'keyCompromise' })
      .where('serial', '=', serial)
      .execute();
    for (const days of [1, 370]) {
      await manager.advance(days * DAY_MS);
      const answer = await renew(manager, current);
      expect([answer.status, answer.json().error.message]).toEqual([403, expect.stringContaining('revoked')]);
    }
  });

  it('does not renew when the newer one of its host is in use: that is what a snapshot or a copied disk has', async () => {
    const manager = await start();
    const { current } = await joined(manager);
    await manager.advance(250 * DAY_MS);
    const newer = (await renew(manager, current)).json();
    await noteServed(manager.database.db, serialOf(newer.server_crt), manager.clock.now());
    await manager.advance(120 * DAY_MS);
    const answer = await renew(manager, current);
    expect([answer.status, answer.json().error.code]).toEqual([403, 'CERT_FORKED']);
  });

  it('does not renew when its host joined anew since', async () => {
    const manager = await start({ certificates: { agent_days: 30 } });
    const { agent, current } = await joined(manager);
    await manager.advance(10 * DAY_MS);
    expect((await (await newAgent(manager, { facts: agent.facts })).join()).status).toBe('approved');
    await manager.advance(25 * DAY_MS);
    const answer = await renew(manager, current);
    expect([answer.status, answer.json().error.message]).toEqual([403, expect.stringContaining('newer one')]);
  });

  it('does not renew for who has the certificate but not its key', async () => {
    const manager = await start();
    const { current } = await joined(manager);
    await manager.advance(370 * DAY_MS);
    expect((await renew(manager, { ...current, keyPem: await generateKey() })).status).toBe(401);
  });
});

describe('a proof', () => {
  it('is addressed to a name of the manager, never to what the caller calls it', async () => {
    const manager = await start();
    const { current } = await joined(manager);
    const foreign = await renew(manager, current, undefined, 'https://evil.example:8443');
    expect([foreign.status, foreign.json().error.code]).toEqual([401, 'UNAUTHORIZED']);
    expect((await renew(manager, current, undefined, 'https://localhost')).status).toBe(200);
  });
});
