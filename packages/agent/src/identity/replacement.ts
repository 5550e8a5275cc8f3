import { messageOf, PatchError } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import type { CurrentIdentity } from './current.ts';
import { type Identity, judgedAs } from './identity.ts';
import { type ChangedFiles, watchCertificateFiles } from './store/changed-files.ts';
import { currentGeneration, switchTo } from './store/generations.ts';
import { isSameSet } from './store/material.ts';
import { lostFiles, putBack } from './store/put-back.ts';
import { type IdentityPlace, judgeMaterial, readIdentity } from './store/read.ts';

export interface ReplacementOptions {
  readonly place: IdentityPlace;
  readonly current: CurrentIdentity;
  readonly logger: Logger;
  readonly audit: AuditLog;
  readonly signal: AbortSignal;
}

/** Copying a file over another takes less than this. */
const COPY_MS = 1_000;

/** Begins with what is on disk now as known. */
export async function openReplacement(options: ReplacementOptions): Promise<IdentityReplacement> {
  const { files, paths } = options.place;
  return new IdentityReplacement(options, await watchCertificateFiles(files, paths));
}

/**
 * The ways in which another identity takes the place of the one in use: all or nothing, and only when those who serve with
 * it can. Its callers see to it that two changes never happen at once.
 */
export class IdentityReplacement {
  readonly #options: ReplacementOptions;
  readonly #changed: ChangedFiles;
  /** Why the files on disk are not those in use. */
  #refused: string | undefined;

  constructor(options: ReplacementOptions, changed: ChangedFiles) {
    this.#options = options;
    this.#changed = changed;
  }

  /** Why the files on disk are not those in use. */
  get refused(): string | undefined {
    return this.#refused;
  }

  get #identity(): Identity {
    return this.#options.current.value;
  }

  /** Calls back when another set is made current by whoever, where the kernel tells, until it is disposed. */
  follow(switched: () => void): Disposable {
    this.#changed.follow(switched);
    return this.#changed;
  }

  /** Looks at the dates again. */
  async judgeAgain(): Promise<void> {
    const { place, current } = this.#options;
    await current.publish(judgedAs(this.#identity, judgeMaterial(place, this.#identity.material)));
  }

  /** Takes up what others changed on disk since the last look, and puts back what they deleted. */
  async followDisk(): Promise<void> {
    const { files, paths } = this.#options.place;
    const isLost = (await lostFiles(files, paths)).length > 0;
    if ((await this.#changed.look()) || isLost) await this.takeWhatIsOnDisk();
  }

  /** Takes up the set on disk, whatever its state. @throws when nobody can serve with it; nothing changed then. */
  async takeInstalled(): Promise<void> {
    await this.#use(await readIdentity(this.#options.place, this.#identity));
  }

  /** Judges what is on disk and takes it up, or says why not. Never rejects. */
  async takeWhatIsOnDisk(): Promise<void> {
    const { audit, logger, place } = this.#options;
    const before = this.#identity;
    try {
      if (await this.#putBackLost()) return;
      const next = await readIdentity(place, before);
      // The set in use is kept however it is to be judged; only the revocation list may be another.
      const isOther = !isSameSet(next.material, before.material);
      if (isOther && 'code' in next.status) throw new PatchError(next.status.code, next.status.message);
      await this.#use(next);
      const serial = next.facts?.serialHex;
      if (serial === before.facts?.serialHex) return;
      audit.record('identity_reloaded', { serial });
      logger.info('Certificates that were changed on disk are in use', { serial });
    } catch (error) {
      if (this.#refused === messageOf(error)) return;
      this.#refused = messageOf(error);
      audit.record('identity_reload_refused', { reason: this.#refused });
      logger.error(
        'The certificates on disk were changed and cannot be used; those in use stay until the agent is restarted. ' +
          'Put the right ones there, or run "linux-patch-api --renew-certs"',
        { error },
      );
    }
  }

  /**
   * Lets `install` put a new set on disk, and uses it; when nobody can serve with it, the set before is made current
   * again. Where `install` returns undefined, nothing was installed.
   * @throws what `install` throws, and when the new set cannot be served.
   */
  async replaceBy<T extends { readonly serialHex: string } | undefined>(
    install: () => Promise<T>,
  ): Promise<T> {
    const { place, audit } = this.#options;
    const previous = await currentGeneration(place.files, place.paths);
    const installed = await install();
    if (installed === undefined) return installed;
    try {
      await this.takeInstalled();
    } catch (error) {
      if (previous !== undefined) await switchTo(place.files, place.paths, previous);
      await this.#changed.accept();
      audit.record('identity_renewal_undone', { serial: installed.serialHex, reason: messageOf(error) });
      throw error;
    }
    return installed;
  }

  /**
   * Puts the set in use back when a part of it was deleted and stays away: whoever copies files over others takes them away
   * for a moment. Whether all is there again.
   * @throws when it cannot be written
   */
  async #putBackLost(): Promise<boolean> {
    const { place, signal, audit, logger } = this.#options;
    const { files, paths, clock } = place;
    if ((await lostFiles(files, paths)).length === 0) return false;
    await clock.sleep(COPY_MS, signal).catch(() => {});
    const lost = await lostFiles(files, paths);
    if (lost.length === 0 || signal.aborted) return false;
    const { material, meta, facts } = this.#identity;
    await putBack({ files, paths, material, meta });
    await this.#changed.accept();
    this.#refused = undefined;
    const serial = facts?.serialHex;
    audit.record('identity_put_back', { serial, paths: lost });
    logger.error(
      'Certificates were deleted under the running agent and are put back; find out what deletes them',
      { serial, paths: lost.join(', ') },
    );
    return true;
  }

  async #use(next: Identity): Promise<void> {
    await this.#options.current.publish(next);
    this.#refused = undefined;
    await this.#changed.accept();
  }
}
