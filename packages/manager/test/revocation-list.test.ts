import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificatePoint, MANAGER_POINT, parseCrl, verifyCrl } from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newAgent, serialOf } from './agents.ts';
import { startWorld, type World } from './world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PATH = '/api/v1/pki/crl.pem';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const fetchList = (headers: Record<string, string> = {}, serial?: string) =>
  world.call({ path: serial === undefined ? PATH : `${PATH}?serial=${serial}`, headers });
const numberNow = async (): Promise<bigint> => parseCrl((await fetchList()).text).number ?? 0n;

async function joined(): Promise<string> {
  const agent = await newAgent(world);
  const { server_crt } = await agent.join();
  await agent.acknowledge(serialOf(server_crt));
  return serialOf(server_crt);
}

function revoke(serial: string, reason: 'keyCompromise' | 'cessationOfOperation' = 'keyCompromise') {
  return world.database.db
    .updateTable('certificates')
    .set({ revoked_at: world.clock.now(), revoke_reason: reason })
    .where('serial', '=', serial)
    .execute();
}

describe('the revocation list', () => {
  it('is signed once, and anew only when half of its life is over', async () => {
    const first = await fetchList();
    await world.advance(11 * HOUR_MS);
    const later = await fetchList();
    expect(later.text).toBe(first.text);
    expect(later.headers.etag).toBe(first.headers.etag);
    await world.advance(HOUR_MS);
    const renewed = parseCrl((await fetchList()).text);
    expect(renewed.thisUpdateMs).toBeGreaterThan(parseCrl(first.text).thisUpdateMs);
    expect(renewed.number).toBeGreaterThan(parseCrl(first.text).number ?? 0n);
    expect(renewed.nextUpdateMs).toBe(renewed.thisUpdateMs + 24 * HOUR_MS);
  });

  it('is the same one after a restart of the manager', async () => {
    const before = await fetchList();
    await world.restart();
    expect((await fetchList()).text).toBe(before.text);
  });

  it('names a revocation at once, with its reason, and is signed by the issuing CA', async () => {
    const serial = await joined();
    const before = await numberNow();
    await revoke(serial);
    const { text } = await fetchList({}, serial);
    const list = parseCrl(text);
    expect([list.serials.has(serial), list.reasons.get(serial)]).toEqual([true, 1]);
    expect(list.number).toBeGreaterThan(before);
    expect(verifyCrl(text, await readFile(join(world.paths.caFolder, 'issuing.pem'), 'utf8'))).toBe(true);
  });

  it('gets a higher number with every list, also when the clock goes back by a year', async () => {
    const numbers = [await numberNow()];
    const [one, two] = [await joined(), await joined()];
    world.clock.setWallClock(world.clock.now() - 365 * DAY_MS);
    // The certificates of this CA do not exist yet by that clock, so only the list's own age is looked at.
    const back = parseCrl((await fetchList()).text);
    expect(back.thisUpdateMs).toBeLessThanOrEqual(world.clock.now());
    numbers.push(back.number ?? 0n);
    for (const serial of [one, two]) {
      await revoke(serial);
      numbers.push(await numberNow());
    }
    world.clock.setWallClock(world.clock.now() + 365 * DAY_MS);
    numbers.push(await numberNow());
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => Number(a - b)));
  });

  it('still names the certificates of a host whose record is gone, until they have expired', async () => {
    const serial = await joined();
    await revoke(serial, 'cessationOfOperation');
    await world.database.db.deleteFrom('hosts').execute();
    await world.advance(364 * DAY_MS);
    const isNamed = async () => parseCrl((await fetchList({}, serial)).text).serials.has(serial);
    expect(await isNamed()).toBe(true);
    await world.advance(3 * DAY_MS);
    expect(await isNamed()).toBe(false);
  });

  it('comes with an approval as it is served for its certificate', async () => {
    const agent = await newAgent(world);
    const bundle = await agent.join();
    const { text } = await fetchList({}, serialOf(bundle.server_crt));
    expect(bundle.crl_pem).toBe(text);
    expect(parseCrl(text).scope?.points).toEqual([
      MANAGER_POINT,
      certificatePoint(serialOf(bundle.server_crt)),
    ]);
  });

  it('is that of the manager alone for whoever asks with no serial number, or one that is not recorded', async () => {
    const { text } = await fetchList();
    expect(parseCrl(text).scope?.points).toEqual([MANAGER_POINT]);
    expect((await fetchList({}, '0abc')).text).toBe(text);
    expect((await fetchList({}, 'nonsense')).status).toBe(400);
  });

  it('gets a number of today after an old backup was restored, however many were revoked since', async () => {
    const serials = [await joined(), await joined(), await joined()];
    await fetchList();
    const backup = await world.database.db.selectFrom('revocation_lists').selectAll().execute();
    for (const serial of serials) {
      await revoke(serial);
      await fetchList();
    }
    const before = await numberNow();
    await world.advance(1_000);
    await world.database.db.deleteFrom('revocation_lists').execute();
    await world.database.db.insertInto('revocation_lists').values(backup).execute();
    expect(await numberNow()).toBeGreaterThan(before);
  });

  it('is not signed twice when many ask at once', async () => {
    await world.advance(13 * HOUR_MS);
    const texts = await Promise.all(Array.from({ length: 12 }, async () => (await fetchList()).text));
    expect(new Set(texts).size).toBe(1);
  });
});

describe('whoever has the list already', () => {
  it('is told so, by tag or by date, and gets the new one when there is one', async () => {
    const serial = await joined();
    const { headers } = await fetchList();
    const known = [
      { 'if-none-match': String(headers.etag) },
      { 'if-none-match': `"1", W/${headers.etag}` },
      { 'if-modified-since': String(headers['last-modified']) },
    ];
    for (const header of known) {
      const answer = await fetchList(header);
      expect([answer.status, answer.text, answer.headers.etag]).toEqual([304, '', headers.etag]);
    }
    const unfit = { 'if-none-match': '"1"', 'if-modified-since': String(headers['last-modified']) };
    expect((await fetchList(unfit)).status).toBe(200);
    await revoke(serial);
    expect((await fetchList(known[0])).status).toBe(200);
    expect(headers['cache-control']).toBe('no-cache');
  });
});
