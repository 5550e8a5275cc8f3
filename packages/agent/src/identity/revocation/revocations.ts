import { isPatchError, messageOf, PatchError, REVOCATION_REASONS } from '@linux-patch/contract';
import type { CertificateFacts } from '@linux-patch/pki';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { IdentityEvents } from '../events.ts';
import type { Material } from '../store/material.ts';
import {
  type AuthenticList,
  findAuthentic,
  findOwn,
  forgetsOwn,
  isNamed,
  isOlder,
  type ListStore,
  readAuthentic,
  type TakenList,
} from './list.ts';
import { type ListReading, type RevocationState, readList, revocationState } from './state.ts';

/**
 * The revocation list in use. What was read once and is authentic keeps counting when the file is damaged, emptied or
 * replaced by an older one: nobody gets a revoked certificate back by that.
 */
export interface Revocations {
  readonly state: RevocationState;
  /** Looks at what is on disk now. */
  see(material: Material): void;
  /**
   * Puts a list in force that came in, also when it cannot be written down.
   * @throws PatchError `CRL_REFUSED`
   */
  take(pem: string): Promise<TakenList>;
  /** Why the manager revoked this host's own certificate; undefined unless an authentic list names it. */
  reasonOf(serialHex: string | undefined): string | undefined;
}

export function openRevocations(options: {
  readonly store: ListStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: IdentityEvents;
}): Revocations {
  return new ListInUse(options);
}

class ListInUse implements Revocations {
  readonly #options: Parameters<typeof openRevocations>[0];
  #material: Material | undefined;
  #reading: ListReading = { status: 'missing', message: 'There is no revocation list.' };
  #inUse: AuthenticList | undefined;
  #own: CertificateFacts | undefined;

  constructor(options: Parameters<typeof openRevocations>[0]) {
    this.#options = options;
  }

  get state(): RevocationState {
    const nowMs = this.#options.clock.now();
    const reading = this.#reading;
    if (!this.#inUse || this.#inUse === reading.list) return revocationState(reading, nowMs);
    const state = revocationState({ list: this.#inUse }, nowMs);
    if (state.status !== 'valid') return state;
    const why = reading.list
      ? 'The revocation list on disk is older than the one in use, or says less.'
      : reading.message;
    return { ...state, status: 'degraded', message: `${why} The list that was read before still counts.` };
  }

  see(material: Material): void {
    this.#material = material;
    this.#own = findOwn(material);
    this.#reading = readList(material);
    const before = findAuthentic(this.#inUse?.pem, material);
    const { list } = this.#reading;
    const isWorse = list && before && (isOlder(list, before) || forgetsOwn(list, before, this.#own));
    this.#inUse = list && !isWorse ? list : before;
    if (this.#inUse !== list) this.#options.events.crlUnusable(this.state);
  }

  async take(pem: string): Promise<TakenList> {
    const list = readAuthentic(pem, this.#trust());
    if (this.#inUse && isOlder(list, this.#inUse)) {
      throw new PatchError(
        'CRL_REFUSED',
        `The revocation list is not used: it is older than the one in force, made ${new Date(this.#inUse.thisUpdateMs).toISOString()}.`,
      );
    }
    if (this.#inUse && forgetsOwn(list, this.#inUse, this.#own)) {
      throw new PatchError(
        'CRL_REFUSED',
        "The revocation list is not used: it says nothing about this host's own certificate, which the one in force revokes.",
      );
    }
    const changed = this.#inUse?.pem.trim() !== pem.trim();
    try {
      const taken = await this.#options.store.take(pem);
      this.#reading = { list: taken.list };
      this.#inUse = taken.list;
      return { list: taken.list, changed };
    } catch (error) {
      if (isPatchError(error, 'CRL_REFUSED')) throw error;
      // A full disk must not keep a revoked client connected.
      this.#options.logger.error(
        'The new revocation list is in use but could not be written down; after a restart the old one counts until the next',
        { error },
      );
      this.#inUse = list;
      this.#reading = { status: 'invalid', message: `It could not be written: ${messageOf(error)}.` };
      return { list, changed };
    }
  }

  reasonOf(serialHex: string | undefined): string | undefined {
    if (!this.#inUse || !this.#own || this.#own.serialHex !== serialHex) return undefined;
    if (!isNamed(this.#inUse, this.#own)) return undefined;
    const code = this.#inUse.reasons.get(serialHex) ?? 0;
    const [name] = Object.entries(REVOCATION_REASONS).find(([, one]) => one === code) ?? [`reason ${code}`];
    return name;
  }

  #trust(): Material {
    if (this.#material) return this.#material;
    throw new PatchError('CRL_REFUSED', 'There is no identity yet that a revocation list could belong to.');
  }
}

/** What a revoked host is told, for health and log. */
export function revokedMessage(serialHex: string, reason: string): string {
  return (
    `the manager revoked this host's certificate (serial ${serialHex}, ${reason}) and does not talk to it any more; ` +
    'the host asks to join again: "linux-patch-api status" shows the code, "linux-patch-manager enrollments approve" on the manager lets it in'
  );
}
