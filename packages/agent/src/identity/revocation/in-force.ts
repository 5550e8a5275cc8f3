import { isPatchError, messageOf, REVOCATION_REASONS } from '@linux-patch/contract';
import type { Files, Logger } from '@linux-patch/runtime';
import type { Material } from '../store/material.ts';
import type { CertificatePaths } from '../store/paths.ts';
import {
  type AuthenticList,
  findAuthentic,
  findOwn,
  isNamed,
  isWorse,
  readAuthentic,
  refuseWorse,
  storeList,
  type TakenList,
} from './list.ts';
import { type ListReading, type RevocationState, readList, revocationState } from './state.ts';

/**
 * The revocation list that counts. What was read once and is authentic keeps counting when the file is damaged, emptied or
 * replaced by an older one: nobody gets a revoked certificate back by that.
 */
export interface ListInForce {
  readonly list: AuthenticList | undefined;
  /** What was read last. */
  readonly reading: ListReading;
}

/** A set and the list that counts with it. */
interface WithList {
  readonly material: Material;
  readonly list: ListInForce;
}

/** @param before the list that was in force until now */
export function listInForce(material: Material, before: AuthenticList | undefined): ListInForce {
  const reading = readList(material);
  const kept = findAuthentic(before?.pem, material);
  const { list } = reading;
  const isKept = kept && (!list || isWorse(list, kept, findOwn(material)));
  return { reading, list: isKept ? kept : list };
}

/** What the list in force means at an instant. */
export function stateInForce({ list, reading }: ListInForce, nowMs: number): RevocationState {
  if (!list || list === reading.list) return revocationState(reading, nowMs);
  const state = revocationState({ list }, nowMs);
  if (state.status !== 'valid') return state;
  const why = reading.list
    ? 'The revocation list on disk is older than the one in use, or says less.'
    : reading.message;
  return { ...state, status: 'degraded', message: `${why} The list that was read before still counts.` };
}

/** Why the manager revoked this host's own certificate; undefined unless an authentic list names it. */
export function ownRevocation({ material, list: { list } }: WithList): string | undefined {
  const own = findOwn(material);
  if (!list || !own || !isNamed(list, own)) return undefined;
  const code = list.reasons.get(own.serialHex) ?? 0;
  const [name] = Object.entries(REVOCATION_REASONS).find(([, one]) => one === code) ?? [`reason ${code}`];
  return name;
}

/**
 * The identity with a list that came in; it is in force also when it cannot be written down.
 * @throws PatchError `CRL_REFUSED`
 */
export async function takeList<T extends WithList>(
  place: { readonly files: Files; readonly paths: CertificatePaths; readonly logger: Logger },
  identity: T,
  pem: string,
): Promise<TakenList & { readonly identity: T }> {
  const { material } = identity;
  const before = identity.list.list;
  const list = readAuthentic(pem, material);
  refuseWorse(list, before, findOwn(material));
  const changed = before?.pem.trim() !== pem.trim();
  const withReading = (reading: ListReading): T => ({
    ...identity,
    material: { ...material, crlPem: pem },
    list: { list, reading },
  });
  try {
    await storeList(place, pem);
    return { list, changed, identity: withReading({ list }) };
  } catch (error) {
    if (isPatchError(error, 'CRL_REFUSED')) throw error;
    // A full disk must not keep a revoked client connected.
    place.logger.error(
      'The new revocation list is in use but could not be written down; after a restart the old one counts until the next',
      { error },
    );
    const message = `It could not be written: ${messageOf(error)}.`;
    return { list, changed, identity: withReading({ status: 'invalid', message }) };
  }
}

/** What a revoked host is told, for health and log. */
export function revokedMessage(serialHex: string, reason: string): string {
  return (
    `the manager revoked this host's certificate (serial ${serialHex}, ${reason}) and does not talk to it any more; ` +
    'the host asks to join again: "linux-patch-api status" shows the code, "linux-patch-manager enrollments approve" on the manager lets it in'
  );
}
