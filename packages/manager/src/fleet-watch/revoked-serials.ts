import { parseCrl } from '@linux-patch/pki';
import type { Authority } from '../authority/authority.ts';
import type { Database } from '../database/open.ts';

/** The serial numbers of the revocation list in force, read once for each list. */
export function createRevokedSerials(authority: Authority, db: Database): () => Promise<ReadonlySet<string>> {
  let known: { readonly number: number; readonly serials: ReadonlySet<string> } | undefined;
  return async () => {
    const list = await authority.revocationList(db);
    if (known?.number !== list.number) known = { number: list.number, serials: parseCrl(list.pem).serials };
    return known.serials;
  };
}
