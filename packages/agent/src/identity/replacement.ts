import { messageOf } from '@linux-patch/contract';
import type { AgentContext } from '../app/agent-context.ts';
import {
  factsOf,
  type HeldIdentity,
  judgeAgain,
  readHeldIdentity,
  readUsableIdentity,
  renewableOf,
} from './identity.ts';
import { openRenewalWatch, type RenewalWatch } from './renewal/alarm.ts';
import type { Revocations } from './revocation/revocations.ts';
import { type ChangedFiles, watchCertificateFiles } from './store/changed-files.ts';
import { currentGeneration, switchTo } from './store/generations.ts';
import { lostFiles, putBack } from './store/put-back.ts';

/** What serves with the identity. */
export interface IdentityUser {
  /** Takes the keeper's identity for new connections. @throws when it cannot be used; the old one keeps serving. */
  take(): void;
  /** @throws when new connections do not get the certificate of this serial number. */
  confirm(serialHex: string): Promise<void>;
}

/** Copying a file over another takes less than this. */
const COPY_MS = 1_000;

const NOBODY: IdentityUser = { take: () => {}, confirm: async () => {} };

interface Parts {
  readonly held: HeldIdentity;
  readonly files: ChangedFiles;
  readonly renewal: RenewalWatch;
  readonly revocations: Revocations;
}

/** Takes up the identity on disk, which must be there. */
export async function openIdentityInUse(
  context: AgentContext,
  revocations: Revocations,
): Promise<IdentityInUse> {
  const held = await readHeldIdentity(context);
  const files = await watchCertificateFiles(context.files, context.certificates);
  const renewal = await openRenewalWatch(context, renewableOf(context, held));
  return new IdentityInUse(context, { held, files, renewal, revocations });
}

/**
 * The identity that is served, and the ways in which another one takes its place: all or nothing, and only when the user
 * can serve with it. Its callers see to it that two changes never happen at once.
 */
export class IdentityInUse {
  readonly #context: AgentContext;
  readonly #files: ChangedFiles;
  readonly #revocations: Revocations;
  readonly renewal: RenewalWatch;
  #user = NOBODY;
  #held: HeldIdentity;
  /** Why the files on disk are not those in use. */
  #refused: string | undefined;

  constructor(context: AgentContext, parts: Parts) {
    this.#context = context;
    this.#held = parts.held;
    this.#files = parts.files;
    this.renewal = parts.renewal;
    this.#revocations = parts.revocations;
    this.#revocations.see(parts.held.material);
  }

  get held(): HeldIdentity {
    return this.#held;
  }

  /** Why the files on disk are not those in use. */
  get refused(): string | undefined {
    return this.#refused;
  }

  get serialHex(): string | undefined {
    return factsOf(this.#held)?.serialHex;
  }

  attach(user: IdentityUser): void {
    this.#user = user;
  }

  /** Looks at the dates again. */
  judgeAgain(): void {
    this.#held = judgeAgain(this.#context, this.#held);
  }

  /** Hands the same identity to the user again, with what changed beside it. */
  offerAgain(): void {
    this.#user.take();
  }

  /** Takes up what others changed on disk since the last look, and puts back what they deleted. */
  async followDisk(): Promise<void> {
    const { files, certificates } = this.#context;
    const isLost = (await lostFiles(files, certificates)).length > 0;
    if ((await this.#files.look()) || isLost) await this.takeWhatIsOnDisk();
  }

  /** Takes up the set on disk with its new CAs. @throws when the user cannot serve with it; nothing changed then. */
  async takeNewTrust(): Promise<void> {
    await this.#use(await readHeldIdentity(this.#context));
  }

  /** Judges what is on disk and takes it up, or says why not. Never rejects. */
  async takeWhatIsOnDisk(): Promise<void> {
    const { audit, logger } = this.#context;
    const before = this.serialHex;
    try {
      if (await this.#putBackLost()) return;
      if (await this.#isInUse()) return;
      await this.#use(await readUsableIdentity(this.#context));
      if (this.serialHex === before) return;
      audit.record('identity_reloaded', { serial: this.serialHex });
      logger.info('Certificates that were changed on disk are in use', { serial: this.serialHex });
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
   * Lets `install` put a new set on disk, and uses it; when the server cannot serve it, the set before is made current
   * again. Where `install` returns undefined, nothing was installed.
   * @throws what `install` throws, and when the new set cannot be served.
   */
  async replaceBy<T extends { readonly serialHex: string } | undefined>(
    install: () => Promise<T>,
  ): Promise<T> {
    const { files, certificates, audit } = this.#context;
    const previous = await currentGeneration(files, certificates);
    const installed = await install();
    if (installed === undefined) return installed;
    try {
      await this.#use(await readHeldIdentity(this.#context));
    } catch (error) {
      if (previous !== undefined) await switchTo(files, certificates, previous);
      await this.#files.accept();
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
    const { files, certificates: paths, clock, signal, audit, logger } = this.#context;
    if ((await lostFiles(files, paths)).length === 0) return false;
    await clock.sleep(COPY_MS, signal).catch(() => {});
    const lost = await lostFiles(files, paths);
    if (lost.length === 0 || signal.aborted) return false;
    const { material, meta } = this.#held;
    await putBack({ files, paths, material, meta });
    await this.#files.accept();
    this.#refused = undefined;
    audit.record('identity_put_back', { serial: this.serialHex, paths: lost });
    logger.error(
      'Certificates were deleted under the running agent and are put back; find out what deletes them',
      {
        serial: this.serialHex,
        paths: lost.join(', '),
      },
    );
    return true;
  }

  /** Uses another identity from now on, if the user can; else everything stays as it was. */
  async #use(next: HeldIdentity): Promise<void> {
    const before = this.#held;
    this.#held = next;
    this.#revocations.see(next.material);
    try {
      this.#user.take();
      await this.#user.confirm(factsOf(next)?.serialHex ?? '');
    } catch (error) {
      this.#held = before;
      this.#revocations.see(before.material);
      this.#user.take();
      throw error;
    }
    this.#refused = undefined;
    await this.#files.accept();
    await this.renewal.adopt(renewableOf(this.#context, next));
  }

  /** The set on disk is the one in use, however it is to be judged; only the revocation list may be another. */
  async #isInUse(): Promise<boolean> {
    const next = await readHeldIdentity(this.#context);
    const { caPem, certificatePem, keyPem } = this.#held.material;
    const { material } = next;
    if (material.caPem !== caPem || material.certificatePem !== certificatePem || material.keyPem !== keyPem)
      return false;
    this.#held = next;
    this.#revocations.see(material);
    this.#user.take();
    this.#refused = undefined;
    return true;
  }
}
