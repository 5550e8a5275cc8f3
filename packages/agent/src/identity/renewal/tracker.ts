import type { RenewalAlarm } from '@linux-patch/pki';
import type { Logger, ServiceNotifier } from '@linux-patch/runtime';
import type { CurrentIdentity } from '../current.ts';
import type { IdentityEvents } from '../events.ts';
import type { IdentityPlace } from '../store/read.ts';
import { isSevere, renewalStatus, renewalTrouble } from './messages.ts';
import { renewableOf } from './policy.ts';
import {
  adjustToClock,
  alarmOf,
  beginRenewal,
  failRenewal,
  nextRenewalMs,
  type RenewalProgress,
  recordOf,
  replaceCertificate,
} from './progress.ts';
import { type RenewalRecord, readRenewalRecord, writeRenewalRecord } from './record.ts';
import { type RenewalState, renewalState } from './state.ts';

export interface RenewalTrackerOptions {
  readonly place: IdentityPlace;
  readonly current: CurrentIdentity;
  readonly dataFolder: string;
  readonly logger: Logger;
  readonly notifier: ServiceNotifier;
  readonly events: IdentityEvents;
}

/** Begins with what an earlier run noted about the certificate in use. */
export async function openRenewalTracker(options: RenewalTrackerOptions): Promise<RenewalTracker> {
  const tracker = new RenewalTracker(
    options,
    await readRenewalRecord(options.place.files, options.dataFolder),
  );
  await tracker.note();
  return tracker;
}

/** Keeps track of the renewal of the certificate in use, on disk too, and gets louder the longer it fails. */
export class RenewalTracker {
  readonly #options: RenewalTrackerOptions;
  #progress: RenewalProgress | undefined;
  #alarm: RenewalAlarm = 'none';
  #noted: string | undefined;

  constructor(options: RenewalTrackerOptions, record: RenewalRecord | undefined) {
    this.#options = options;
    const { current, place } = options;
    const certificate = renewableOf(current.value, place.thresholdDays);
    this.#progress = certificate && beginRenewal(certificate, place.clock.now(), record);
  }

  /** Why the last attempt failed; undefined when none has since the certificate is in use. */
  get lastError(): string | undefined {
    return this.#current()?.lastError;
  }

  /**
   * When renewal is tried next, for people.
   * @param early whether it is wanted before its time, and so as soon as the pause is over
   */
  nextAttempt(early: boolean): string | undefined {
    const progress = this.#current();
    return progress && new Date(early ? progress.fromMs : nextRenewalMs(progress)).toISOString();
  }

  isDue(): boolean {
    const now = this.#options.place.clock.now();
    const progress = this.#current();
    this.#progress = progress && adjustToClock(progress, now);
    return !!this.#progress && now >= Math.max(this.#progress.fromMs, nextRenewalMs(this.#progress));
  }

  /** Whether the pause after the last attempt is over, for a renewal that is wanted earlier. */
  mayTry(): boolean {
    const progress = this.#current();
    return progress !== undefined && this.#options.place.clock.now() >= progress.fromMs;
  }

  /**
   * @param pauseMs how long to wait at least before the next attempt
   * @param forked another machine holds this certificate as well
   */
  async fail(reason: string, pauseMs: number, forked: boolean): Promise<void> {
    const progress = this.#current();
    const now = this.#options.place.clock.now();
    this.#progress = progress && failRenewal(progress, { now, reason, pauseMs, forked });
    await this.note();
  }

  /** Raises and clears the alarm: log, audit, status line. */
  async raiseAlarm(managerUrl: string | undefined): Promise<void> {
    const { place, logger, notifier, events } = this.#options;
    const progress = this.#current();
    this.#progress = progress;
    await this.note();
    const before = this.#alarm;
    this.#alarm = progress ? alarmOf(progress, place.clock.now(), managerUrl !== undefined) : 'none';
    if (!progress || this.#alarm === before) return;
    if (this.#alarm === 'none') {
      void notifier.trouble('renewal', undefined);
      return;
    }
    const { serialHex, policy } = progress.certificate;
    events.renewalOverdue(this.#alarm, {
      serialHex,
      notAfterMs: policy.notAfterMs,
      reason: progress.lastError,
    });
    logger[isSevere(this.#alarm) ? 'error' : 'warn'](renewalTrouble(this.#alarm, progress, managerUrl), {
      alarm: this.#alarm,
    });
    void notifier.trouble('renewal', renewalStatus(this.#alarm, progress));
  }

  state(managerUrl: string | undefined): RenewalState | undefined {
    const progress = this.#current();
    return progress && renewalState(progress, this.#options.place.clock.now(), managerUrl);
  }

  /** For `status` and the next start; a disk that is full or read-only must not keep a certificate from renewal. */
  async note(): Promise<void> {
    const { place, dataFolder, logger } = this.#options;
    if (!this.#progress) return;
    const record = recordOf(this.#progress);
    const text = JSON.stringify(record);
    if (text === this.#noted) return;
    this.#noted = text;
    await writeRenewalRecord(place.files, dataFolder, record).catch((error: unknown) =>
      logger.warn('The state of the renewal could not be written down', { error }),
    );
  }

  /** The progress with the certificate in use; another certificate ends what was said about the one before. */
  #current(): RenewalProgress | undefined {
    const { place, current } = this.#options;
    const certificate = renewableOf(current.value, place.thresholdDays);
    const progress = this.#progress;
    if (!certificate || progress?.certificate.serialHex !== certificate.serialHex)
      return certificate && replaceCertificate(certificate, place.clock.now());
    return { ...progress, certificate };
  }
}
