import { type CRL_STATUSES, isoOf, isPatchError, messageOf } from '@linux-patch/contract';
import { CLOCK_SKEW_MS } from '@linux-patch/pki';
import type { Material } from '../store/material.ts';
import { type AuthenticList, readAuthentic } from './list.ts';

export type CrlStatus = (typeof CRL_STATUSES)[number];

/** What a revocation list means for this host. */
export interface RevocationState {
  readonly status: CrlStatus;
  /** Why, for people. */
  readonly message: string;
  /** An invalid list that somebody else signed. */
  readonly foreign?: boolean | undefined;
  /** Serial numbers to refuse; those of an outdated list still count, those of an unsigned one never do. */
  readonly serials: ReadonlySet<string>;
  readonly thisUpdateMs: number | undefined;
  readonly nextUpdateMs: number | undefined;
  readonly number?: bigint | undefined;
}

/** What was read: an authentic list, or why there is none. */
export type ListReading =
  | { readonly list: AuthenticList }
  | {
      readonly list?: undefined;
      readonly status: 'missing' | 'invalid';
      readonly message: string;
      readonly foreign?: boolean;
    };

/**
 * Reads a revocation list in our own code instead of giving it to OpenSSL, which refuses every client once the list
 * is past its nextUpdate or before its thisUpdate.
 */
export function readList(material: Omit<Material, 'keyPem'>): ListReading {
  const { crlPem } = material;
  if (crlPem === undefined || crlPem.trim() === '') {
    return { status: 'missing', message: 'There is no revocation list.' };
  }
  try {
    return { list: readAuthentic(crlPem, material) };
  } catch (error) {
    const foreign = isPatchError(error, 'CRL_REFUSED') && error.details.foreign === true;
    return { status: 'invalid', message: messageOf(error), foreign };
  }
}

/** What a list means at an instant. One that is missing, outdated or early is reported and keeps the host reachable. */
export function revocationState(reading: ListReading, nowMs: number): RevocationState {
  if (!reading.list) {
    const { status, message, foreign } = reading;
    return { status, message, foreign, serials: new Set(), thisUpdateMs: undefined, nextUpdateMs: undefined };
  }
  const { serials, thisUpdateMs, nextUpdateMs, number } = reading.list;
  const known = { serials, thisUpdateMs, nextUpdateMs, number };
  if (nextUpdateMs !== undefined && nowMs > nextUpdateMs) {
    const message =
      `The revocation list should have been replaced by ${isoOf(nextUpdateMs)}; it still counts, but certificates revoked since are not refused. ` +
      'Is the manager reachable from this host?';
    return { ...known, status: 'expired', message };
  }
  if (thisUpdateMs > nowMs + CLOCK_SKEW_MS) {
    const message = `The revocation list was made at ${isoOf(thisUpdateMs)}, but here it is ${isoOf(nowMs)}; one of the two clocks is wrong. It counts all the same.`;
    return { ...known, status: 'degraded', message };
  }
  return { ...known, status: 'valid', message: 'The revocation list is current.' };
}
