import { PatchError } from '@linux-patch/contract';
import { type JoinCredential, type JoinPlaces, readJoinString } from '@linux-patch/worker';
import type { EnrollmentReport } from '../settings.ts';
import type { CurrentEnrollment } from '../state/current-enrollment.ts';
import { establishTrust, type Trust, type TrustSettings } from './trust.ts';

/** Whom an enrolment may believe. */
export interface CurrentTrustOptions extends TrustSettings {
  readonly joinPlaces: JoinPlaces;
}

/** Whom an enrolment believes: found out before its first request, and again when another join string has come. */
export class CurrentTrust {
  readonly #options: CurrentTrustOptions;
  readonly #report: EnrollmentReport;
  readonly #record: CurrentEnrollment;
  #trust: Trust | undefined;
  #join: JoinCredential | undefined;
  #missedJoinFile = false;

  constructor(options: CurrentTrustOptions, report: EnrollmentReport, record: CurrentEnrollment) {
    this.#options = options;
    this.#report = report;
    this.#record = record;
  }

  /** What was found last; undefined before anything was. */
  get known(): Trust | undefined {
    return this.#trust;
  }

  /** The CA that the join string pins. */
  get pin(): string | undefined {
    return this.#join?.caFingerprint;
  }

  /** @throws ManagerFailure when the manager cannot be reached or is provably another one; PatchError for a wrong setting */
  async find(): Promise<Trust> {
    await this.#takeUpJoinString();
    this.#trust ??= await this.#establish();
    return this.#trust;
  }

  /**
   * Takes up a join string that came, or was replaced, since this enrolment began: the request is made again with it. Its
   * key is kept with the enrolment, so that the file may go while the manager's answer is under way.
   */
  async #takeUpJoinString(): Promise<void> {
    const { files, joinPlaces } = this.#options;
    const found = await readJoinString(files, joinPlaces);
    if (joinPlaces.configured !== undefined && !found) this.#missJoinFile(joinPlaces.configured);
    if (found?.tokenId === this.#join?.tokenId && found?.caFingerprint === this.pin) return;
    this.#join = found;
    this.#trust = undefined;
    if (!found || found.tokenId === this.#record.pending.join_token?.id) return;
    this.#report.logger.info('Joining with a join string', { source: found.source, token: found.tokenId });
    const key = Buffer.from(found.tokenKey).toString('base64url');
    await this.#record.note({
      join_token: { id: found.tokenId, key, verdict: null },
      polling_token: null,
    });
  }

  /** Without its file the host waits for its code, which is as safe; believing the first answer instead would not be. */
  #missJoinFile(path: string): void {
    if (this.#options.mode === 'tofu') {
      throw new PatchError(
        'JOIN_STRING_INVALID',
        `enrollment.join_file ${path} does not exist, and with enrollment.trust: tofu whoever answers first would be believed. Nothing was sent. ` +
          'Put the join string there, or remove one of the two settings.',
      );
    }
    if (this.#missedJoinFile) return;
    this.#missedJoinFile = true;
    this.#report.logger.warn(
      `enrollment.join_file ${path} does not exist; this host asks without a join token and waits for an administrator. The file is taken up when it comes.`,
      {},
    );
  }

  async #establish(): Promise<Trust> {
    const { audit, logger } = this.#report;
    const { files, way, caFile, caFingerprint, mode } = this.#options;
    const warn = (message: string): void => logger.warn(message, {});
    const found = await establishTrust({ files, way, caFile, caFingerprint, mode, join: this.#join, warn });
    const { kind: by, issuer } = found;
    await this.#record.note({ trust: { by, issuer: issuer ?? null } });
    logger.info('Trust in the manager', { by, issuer });
    audit.record('enrollment_trust_found', {
      by,
      issuer,
      join_token: this.#join?.tokenId,
      manager: way.managerUrl.href,
    });
    if (by === 'tofu') logger.warn('enrollment.trust is tofu: whoever answers first is believed', {});
    return found;
  }
}
