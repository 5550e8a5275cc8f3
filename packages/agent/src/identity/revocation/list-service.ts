import type { Clock, Logger } from '@linux-patch/runtime';
import type { CurrentIdentity } from '../current.ts';
import type { IdentityEvents } from '../events.ts';
import { stateInForce } from './in-force.ts';
import type { TakenList } from './list.ts';
import type { ListSource } from './refresh.ts';

/** Keeps the revocation list of the identity in use fresh, and says what is wrong with it. */
export class ListService {
  readonly #current: CurrentIdentity;
  readonly #source: ListSource;
  readonly #report: ListReport;

  constructor(current: CurrentIdentity, source: ListSource, report: ListReport) {
    this.#current = current;
    this.#source = source;
    this.#report = report;
    this.#reportUnusable();
    current.subscribe(() => this.#reportUnusable());
  }

  /** Puts a list in force. @throws PatchError `CRL_REFUSED` */
  async take(pem: string, by: 'fetched' | 'pushed'): Promise<TakenList> {
    const { events, clock } = this.#report;
    const { identity, list, changed } = await this.#source.take(this.#current.value, pem);
    await this.#current.publish(identity);
    if (changed) events.crlRefreshed(stateInForce(identity.list, clock.now()), by);
    return { list, changed };
  }

  /**
   * Fetches the list when it is time. An outdated list still counts, so failing to refresh it is a warning and no more; health
   * shows its age.
   */
  async refresh(managerUrl: string, signal: AbortSignal): Promise<void> {
    const { events, logger } = this.#report;
    try {
      const pem = await this.#source.fetchDue(managerUrl, signal);
      if (pem !== undefined) await this.take(pem, 'fetched');
    } catch (error) {
      if (signal.aborted) return;
      events.crlRefreshFailed(error);
      logger.warn('The revocation list could not be refreshed; the old one stays', { error });
    }
  }

  /** Says that the list is past its date, once for each. */
  reportOutdated(): void {
    const { clock, events, logger } = this.#report;
    const state = stateInForce(this.#current.value.list, clock.now());
    if (events.crlSeen(state)) logger.error(state.message, { crl_status: state.status });
  }

  /** Says that the list on disk is not the one that counts. */
  #reportUnusable(): void {
    const { list } = this.#current.value;
    const { clock, events } = this.#report;
    if (list.list !== list.reading.list) events.crlUnusable(stateInForce(list, clock.now()));
  }
}

/** Who is told what becomes of the list, and by which clock. */
interface ListReport {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: IdentityEvents;
}
