import type { RenewalAlarm } from '@linux-patch/pki';
import type { AgentContext } from '../../app/agent-context.ts';
import type { IdentityEvents } from '../events.ts';
import { isSevere, renewalStatus, renewalTrouble } from './messages.ts';
import {
  adjustToClock,
  alarmOf,
  beginRenewal,
  failRenewal,
  nextRenewalMs,
  type Renewable,
  type RenewalProgress,
  recordOf,
  renewalDueMs,
  replaceCertificate,
} from './progress.ts';
import { readRenewalRecord, writeRenewalRecord } from './record.ts';
import { FORKED } from './renew.ts';

/** Keeps track of the renewal of the certificate in use, on disk too, and gets louder the longer it fails. */
export interface RenewalWatch {
  /** When renewal is tried next, for people. */
  readonly nextAttempt: string | undefined;
  isDue(now: number): boolean;
  /** Whether the pause after the last attempt is over, for a renewal that is wanted earlier. */
  mayTry(now: number): boolean;
  /** The certificate in use may be another one now; that ends every alarm about the one before. */
  adopt(certificate: Renewable | undefined): Promise<void>;
  /**
   * @param pauseMs how long to wait at least before the next attempt
   * @param forked another machine holds this certificate as well
   */
  fail(reason: string, pauseMs: number, forked: boolean): Promise<void>;
  /** Raises and clears the alarm: log, audit, status line. */
  watch(managerUrl: string | undefined, events: IdentityEvents): void;
  health(managerUrl: string | undefined):
    | {
        readonly alarm: RenewalAlarm;
        readonly dueMs: number;
        readonly nextAttemptMs: number | undefined;
        /** Undefined when there is no alarm and nobody else holds the certificate. */
        readonly trouble: string | undefined;
      }
    | undefined;
}

type Context = Pick<AgentContext, 'clock' | 'files' | 'logger' | 'paths' | 'notifier'>;

export async function openRenewalWatch(
  context: Context,
  certificate: Renewable | undefined,
): Promise<RenewalWatch> {
  const record = await readRenewalRecord(context.files, context.paths.dataFolder);
  const watch = new Watch(context, certificate && beginRenewal(certificate, context.clock.now(), record));
  await watch.note();
  return watch;
}

class Watch implements RenewalWatch {
  readonly #context: Context;
  #progress: RenewalProgress | undefined;
  #alarm: RenewalAlarm = 'none';

  constructor(context: Context, progress: RenewalProgress | undefined) {
    this.#context = context;
    this.#progress = progress;
  }

  get nextAttempt(): string | undefined {
    return this.#progress && new Date(nextRenewalMs(this.#progress)).toISOString();
  }

  isDue(now: number): boolean {
    if (!this.#progress) return false;
    this.#progress = adjustToClock(this.#progress, now);
    return now >= Math.max(this.#progress.fromMs, nextRenewalMs(this.#progress));
  }

  mayTry(now: number): boolean {
    return this.#progress !== undefined && now >= this.#progress.fromMs;
  }

  async adopt(certificate: Renewable | undefined): Promise<void> {
    const now = this.#context.clock.now();
    const same = certificate?.serialHex === this.#progress?.certificate.serialHex;
    if (certificate && this.#progress && same) this.#progress = { ...this.#progress, certificate };
    else this.#progress = certificate && replaceCertificate(certificate, now);
    await this.note();
  }

  async fail(reason: string, pauseMs: number, forked: boolean): Promise<void> {
    if (!this.#progress) return;
    const now = this.#context.clock.now();
    this.#progress = failRenewal(this.#progress, { now, reason, pauseMs, forked });
    await this.note();
  }

  watch(managerUrl: string | undefined, events: IdentityEvents): void {
    const { clock, logger, notifier } = this.#context;
    const progress = this.#progress;
    const before = this.#alarm;
    this.#alarm = progress ? alarmOf(progress, clock.now(), managerUrl !== undefined) : 'none';
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

  health(managerUrl: string | undefined): ReturnType<RenewalWatch['health']> {
    const progress = this.#progress;
    if (!progress) return undefined;
    const renewable = managerUrl !== undefined;
    const alarm = alarmOf(progress, this.#context.clock.now(), renewable);
    return {
      alarm,
      dueMs: renewalDueMs(progress),
      nextAttemptMs: renewable ? nextRenewalMs(progress) : undefined,
      trouble: progress.forked
        ? FORKED
        : alarm === 'none'
          ? undefined
          : renewalTrouble(alarm, progress, managerUrl),
    };
  }

  /** For `status` and the next start; a disk that is full or read-only must not keep a certificate from renewal. */
  async note(): Promise<void> {
    const { files, paths, logger } = this.#context;
    if (!this.#progress) return;
    await writeRenewalRecord(files, paths.dataFolder, recordOf(this.#progress)).catch((error: unknown) =>
      logger.warn('The state of the renewal could not be written down', { error }),
    );
  }
}
