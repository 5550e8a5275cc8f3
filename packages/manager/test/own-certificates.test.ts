import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { parseCertificates } from '@linux-patch/pki';
import { expect, it } from 'vitest';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startWorld } from './world.ts';

const DAY_MS = 86_400_000;
const DAYS = 400;

/** What a browser sees that trusts the root: the certificate served, once the handshake went well. */
function served(world: { readonly port: number; readonly caPem: string }) {
  return new Promise<{ authorized: boolean; validToMs: number }>((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port: world.port, ca: world.caPem, servername: 'localhost' },
      () => {
        const certificate = socket.getPeerX509Certificate();
        resolve({ authorized: socket.authorized, validToMs: Date.parse(certificate?.validTo ?? '') });
        socket.end();
      },
    );
    socket.once('error', reject);
  });
}

// OpenSSL goes by the machine's own time, so the manager begins 400 days ago and arrives at today.
it('a manager that runs for 400 days without a restart serves browsers and reaches its agents', async () => {
  await using world = await startWorld(
    { ...LISTENING, fleet: { poll_minutes: 1440 } },
    Date.now() - DAYS * DAY_MS,
  );
  const clientFile = join(world.paths.caFolder, 'client.pem');
  const [firstLeaf, firstIssuer] = parseCertificates(await readFile(clientFile, 'utf8'));
  await expect(served(world)).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' });
  for (let day = 0; day < DAYS; day += 1) {
    // Upkeep and poll sleep again before the next day begins.
    await world.clock.waitForSleepers(2);
    await world.advance(DAY_MS);
  }
  await expect.poll(async () => (await served(world)).authorized).toBe(true);
  expect((await served(world)).validToMs - Date.now()).toBeGreaterThan(100 * DAY_MS);

  await using host = await joinListening(world);
  await world.advance(1.3 * DAY_MS);
  await expect.poll(() => host.asked.length).toBeGreaterThan(0);
  const [leaf, issuer] = parseCertificates(await readFile(clientFile, 'utf8'));
  expect(host.asked[0]?.client).toBe(leaf?.serialHex);
  // An agent that joined on the first day knows the manager by name and issuer, and these are the same.
  expect([leaf?.commonName, issuer?.spkiSha256]).toEqual([firstLeaf?.commonName, firstIssuer?.spkiSha256]);
  expect(firstLeaf?.notAfterMs).toBeLessThan(Date.now());

  const rows = await world.database.db
    .selectFrom('certificates')
    .select(['kind', 'serial'])
    .where('kind', '!=', 'agent')
    .execute();
  const kinds = Map.groupBy(rows, (row) => row.kind);
  expect(kinds.get('manager_client')?.map((row) => row.serial)).toEqual(
    expect.arrayContaining([firstLeaf?.serialHex, leaf?.serialHex]),
  );
  expect(kinds.get('web')?.length).toBeGreaterThan(1);
  const renewed = await world.database.db
    .selectFrom('audit')
    .select('fields')
    .where('event', '=', 'own_certificate_renewed')
    .execute();
  const names = renewed.map((row) => (JSON.parse(row.fields) as { name: string }).name);
  expect(new Set(names)).toEqual(new Set(['client', 'web']));
});
