import { keyId } from '@linux-patch/pki';
import type { Logger } from '@linux-patch/runtime';
import { differingFacts, isOtherHost, mergeBindings, readHostBinding } from '@linux-patch/worker';
import { noteHost, readIdentityMeta } from './store/identity-meta.ts';
import { findIdentity, type IdentityPlace } from './store/read.ts';

/** An identity that was made for another host and lies on this one: a cloned disk, a copied folder. */
export interface ForeignIdentity {
  readonly status: 'foreign_host';
  readonly keyId: string;
  readonly message: string;
}

/** Whether the identity on disk belongs to another host. What was copied by hand belongs to whoever has it. */
export async function findForeignIdentity(
  place: IdentityPlace,
  root: string,
): Promise<ForeignIdentity | undefined> {
  const { files, paths } = place;
  const { host } = await readIdentityMeta(files, paths);
  if (host === undefined) return undefined;
  const present = await readHostBinding({ files, root });
  if (!isOtherHost(host, present)) return undefined;
  const leaf = (await findIdentity(place))?.leaf;
  if (!leaf) return undefined;
  const id = keyId(leaf.spki);
  return {
    status: 'foreign_host',
    keyId: id,
    message:
      `The certificates in ${paths.certificate} are a clone of key id ${id} and were made for another host: ` +
      `${differingFacts(host, present).join(' and ')} differ. Two hosts with one identity cannot be told apart, so this one ` +
      'does not serve it and asks for its own; the other host goes on as before.',
  };
}

/** Writes down on which host the identity is served, so that a copy is noticed, and small changes do not add up. */
export async function bindIdentity(place: IdentityPlace, root: string, logger: Logger): Promise<void> {
  const { files, paths } = place;
  const { trust, host } = await readIdentityMeta(files, paths);
  if (trust === 'manual') return;
  const present = await readHostBinding({ files, root });
  const bound = host === undefined ? present : mergeBindings(host, present);
  if (JSON.stringify(bound) === JSON.stringify(host)) return;
  await noteHost(files, paths, bound).catch((error: unknown) =>
    logger.warn('It could not be written down for which host the certificates are', { error }),
  );
}
