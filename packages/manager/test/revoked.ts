import { parseCrl } from '@linux-patch/pki';
import type { World } from './world.ts';

/** The revocation list for the holder of a certificate, as anybody gets it; that of the manager's without a serial. */
export async function listFor(world: World, serial?: string) {
  const query = serial === undefined ? '' : `?serial=${serial}`;
  return parseCrl((await world.call({ path: `/api/v1/pki/crl.pem${query}` })).text);
}

/** Serial numbers of all certificates that their own lists name. */
export async function revokedSerials(world: World): Promise<string[]> {
  const rows = await world.database.db.selectFrom('certificates').select('serial').execute();
  const named = await Promise.all(
    rows.map(async ({ serial }) => ((await listFor(world, serial)).serials.has(serial) ? [serial] : [])),
  );
  return named.flat();
}
