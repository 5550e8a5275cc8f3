import { generateKeyPairSync } from 'node:crypto';
import { buildChain, type CertificateFacts, parseCertificates } from '@linux-patch/pki';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createAuditLog } from '../src/audit/audit-log.ts';
import { type Authority, openAuthority } from '../src/authority/authority.ts';
import { initialiseAuthority } from '../src/authority/init.ts';
import { managerPaths } from '../src/config/paths.ts';
import { openDatabase } from '../src/database/open.ts';
import { createFleetClient } from '../src/fleet-client/client.ts';
import { openRotation } from '../src/rotation/rotation.ts';

const DAY_MS = 86_400_000;
const STEP_MS = 14 * DAY_MS;
const WEB = { dnsNames: ['manager.example.test'], ipAddresses: ['127.0.0.1'] };
const NAMES = { fqdn: 'amber.example.test', hostname: 'amber', ipAddress: '192.0.2.7' };
const SPKI = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  type: 'spki',
  format: 'der',
});

/** An authority over the years: with files and database, and a clock that jumps. */
async function startAuthority(agentDays: number) {
  const folder = await temporaryFolder();
  const paths = managerPaths(folder.path);
  const clock = new ManualClock(Date.UTC(2026, 10, 25));
  const doors = { files: systemFiles, clock, random: systemRandom };
  await initialiseAuthority({ ...doors, paths, webNames: WEB });
  const database = await openDatabase(paths.database);
  const logger = memoryLogger();
  const open = async () => {
    const authority = await openAuthority({
      ...doors,
      paths,
      webNames: WEB,
      agentDays,
      crlHours: 24,
      localHosts: [],
    });
    const fleet = createFleetClient(
      async () => ({
        caPem: authority.fleetRootsPem,
        client: await authority.clientPair(),
        judge: async () => ({ revoked: false, known: true }),
        isNewest: async () => true,
        noteServed: async () => {},
      }),
      { random: systemRandom, clock },
      authority.jobKey,
    );
    const rotation = await openRotation({
      authority,
      fleet,
      audit: createAuditLog({ clock }),
      db: database.db,
      clock,
      logger,
      agentDays,
      renewOwn: async () => {},
    });
    return { authority, rotation };
  };
  return {
    clock,
    logger,
    open,
    audited: async (event: string) =>
      (await database.db.selectFrom('audit').selectAll().where('event', '=', event).execute()).map((row) => ({
        at: row.at,
        fields: JSON.parse(row.fields) as Record<string, unknown>,
      })),
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The chain of a leaf by what its holder sends, to the roots that hosts trust; throws when there is none now. */
function chainOf(authority: Authority, pem: string, now: number): CertificateFacts[] {
  const [leaf, ...intermediates] = parseCertificates(pem);
  if (!leaf) throw new Error('no certificate');
  return buildChain({ leaf, intermediates, roots: parseCertificates(authority.trustedRootsPem), now });
}

/** Every living issuing certificate, by serial number, as hosts that never heard of a newer one have them. */
async function liveTenYears(agentDays: number) {
  await using world = await startAuthority(agentDays);
  const { clock } = world;
  const startMs = clock.now();
  let { authority, rotation } = await world.open();
  const root = authority.store.current.rootFacts;
  const held: { readonly pem: string; readonly leaf: CertificateFacts }[] = [];
  let shortest = Number.POSITIVE_INFINITY;
  const issuers = new Set<string>();
  for (let step = 0; clock.now() < root.notAfterMs - STEP_MS; step += 1) {
    if (step % 13 === 12) ({ authority, rotation } = await world.open());
    await rotation.upkeep();
    for (const pair of [await authority.clientPair(), await authority.webPair()]) {
      const [leaf] = chainOf(authority, pair.certificatePem, clock.now());
      shortest = Math.min(shortest, (leaf?.notAfterMs ?? 0) - clock.now());
    }
    const agent = await authority.issueAgent(SPKI, NAMES);
    const pem = agent.pem + authority.issuingPem;
    const [leaf, issuing] = chainOf(authority, pem, clock.now());
    if (!leaf || !issuing) throw new Error('a chain has at least a leaf and an issuer');
    issuers.add(issuing.serialHex);
    expect(leaf.notAfterMs).toBeLessThanOrEqual(issuing.notAfterMs);
    // Nothing but the end of the root may cut a certificate short.
    const whole = Math.min(clock.now() + agentDays * DAY_MS, root.notAfterMs);
    expect(Math.abs(leaf.notAfterMs - whole)).toBeLessThan(DAY_MS);
    held.push({ pem, leaf });
    // Whatever was issued, by whichever certificate of the issuing CA, is good to its own last day.
    for (const one of held.filter(({ leaf: old }) => old.notAfterMs > clock.now()).slice(0, 2))
      chainOf(authority, one.pem, clock.now());
    await clock.advance(STEP_MS);
  }
  const announced = await world.audited('ca_rotation_due');
  const renewed = await world.audited('ca_issuing_renewed');
  const warnings = world.logger.records.filter((one) => one.message.includes('ca rotate start'));
  return {
    years: (clock.now() - startMs) / (365 * DAY_MS),
    announced,
    renewed,
    warnings,
    shortest,
    issuers,
    root,
    keys: new Set(held.map(({ pem }) => parseCertificates(pem)[1]?.spkiSha256)),
  };
}

describe('ten years without a person', () => {
  it.each([90, 825])(
    'no certificate lapses and none is cut short before the root itself ends (%d days for agents)',
    async (agentDays) => {
      const life = await liveTenYears(agentDays);
      expect(life.years).toBeGreaterThan(9.9);
      expect(life.renewed.length).toBeGreaterThan(2);
      expect(life.issuers.size).toBe(life.renewed.length + 1);
      // Pins of the issuing CA's key hold for all the time.
      expect(life.keys.size).toBe(1);
      // The manager's own never had less than a fortnight left, to the last fortnight of the root.
      expect(life.shortest).toBeGreaterThanOrEqual(STEP_MS - DAY_MS);
      const [first, ...others] = life.announced;
      expect(others).toEqual([]);
      const before = (life.root.notAfterMs - (first?.at ?? 0)) / DAY_MS;
      expect(before).toBeGreaterThanOrEqual(Math.max(365, agentDays) - 15);
      expect(life.warnings.length).toBeGreaterThan(20);
    },
    240_000,
  );

  it('a manager that was switched off for half a year finds its issuing CA with time enough', async () => {
    await using world = await startAuthority(365);
    for (let half = 0; half < 19; half += 1) {
      const { authority, rotation } = await world.open();
      await rotation.upkeep();
      const agent = await authority.issueAgent(SPKI, NAMES);
      const left = (agent.notAfterMs - world.clock.now()) / DAY_MS;
      const untilRoot = (authority.store.current.rootFacts.notAfterMs - world.clock.now()) / DAY_MS;
      expect(left).toBeGreaterThan(Math.min(365, untilRoot) - 1);
      await world.clock.advance(182 * DAY_MS);
    }
  });
});

describe('the replacement of a root', () => {
  it('that went on unrecorded, as in a crash, is recorded at the next start', async () => {
    await using world = await startAuthority(365);
    const { authority } = await world.open();
    await authority.store.begin();
    await authority.store.enter('manager');
    await world.open();
    await world.open();
    const found = await world.audited('ca_rotation_found');
    expect(found.map((one) => one.fields)).toMatchObject([{ phase: 'manager', from: 'standby' }]);
  });

  it('before its end begins another ten years', async () => {
    await using world = await startAuthority(365);
    await world.clock.advance(9.5 * 365 * DAY_MS);
    const { rotation, authority } = await world.open();
    await rotation.upkeep();
    expect((await rotation.status()).rotation_due).toBe(true);
    const before = authority.caFingerprint;
    for (const step of ['start', 'continue', 'continue', 'finish'] as const)
      await rotation.step({ step, leave_behind: [], compromised: false }, 'test');
    const status = await rotation.status();
    expect(status).toMatchObject({ phase: 'standby', rotation_due: false });
    expect(status.authorities.map((one) => [one.role, one.pin_works])).toEqual([
      ['current', true],
      ['retired', true],
    ]);
    expect(authority.caFingerprint).not.toBe(before);
    const agent = await authority.issueAgent(SPKI, NAMES);
    expect(agent.notAfterMs).toBeGreaterThan(world.clock.now() + 364 * DAY_MS);
  });
});
