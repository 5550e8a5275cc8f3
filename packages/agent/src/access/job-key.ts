import { type HostJobKey, type JobKeyOffer, type JobKeyWay, messageOf } from '@linux-patch/contract';
import type { CertificateFacts } from '@linux-patch/pki';
import type { Files, Logger } from '@linux-patch/runtime';
import {
  changePinnedKey,
  judgeOffer,
  markPinnedKey,
  type Pin,
  type PinPlace,
  readPin,
  readPinnedKey,
  writePinnedKey,
} from '@linux-patch/worker';
import type { AuditLog } from '../audit/audit-log.ts';

/** What speaks for an offered key: the CAs that may vouch for it, and why they count. */
export interface JobKeySpeaker {
  readonly roots: readonly CertificateFacts[];
  readonly way: JobKeyWay;
}

/** Takes the key that a manager offers, or notes that it offers none. */
export type TakeJobKey = (offer: JobKeyOffer | undefined, speaker: JobKeySpeaker) => Promise<void>;

/** The job key that this host pins. */
export interface PinnedJobKey {
  readonly take: TakeJobKey;
  /** Root says which key counts, or that none has to. */
  trust(fingerprint: string | null): Promise<void>;
  /** @throws PatchError `SERVICE_UNHEALTHY` for a file that is not to be believed */
  read(): Promise<HostJobKey>;
  /** The same with the keys that counted before. */
  pin(): Promise<Pin>;
  /** Sees to it that a pin that is there is missed when it vanishes; says in the log when it has. */
  secure(): Promise<void>;
}

interface PinnedJobKeyOptions {
  readonly place: PinPlace;
  readonly files: Files;
  readonly logger: Logger;
  readonly audit: Pick<AuditLog, 'record'>;
}

export function openPinnedJobKey(options: PinnedJobKeyOptions): PinnedJobKey {
  const { files, place } = options;
  return {
    take: (offer, speaker) => changePinnedKey(files, place, () => take(options, offer, speaker)),
    trust: (fingerprint) => changePinnedKey(files, place, () => trust(options, fingerprint)),
    read: () => readPinnedKey(files, place),
    pin: () => readPin(files, place),
    async secure() {
      try {
        await markPinnedKey(files, place, await readPinnedKey(files, place));
      } catch (error) {
        options.logger.error(messageOf(error), {});
      }
    },
  };
}

async function trust({ files, place, audit }: PinnedJobKeyOptions, pinned: string | null): Promise<void> {
  const before = await readPinnedKey(files, place).catch(() => undefined);
  await writePinnedKey(files, place, { pinned, by: 'root', foreign: null });
  const fields = { pinned, by: 'root', before: before?.pinned ?? null, followed: false };
  audit.record('job_key_pinned', fields);
}

async function take(
  options: PinnedJobKeyOptions,
  offer: JobKeyOffer | undefined,
  speaker: JobKeySpeaker,
): Promise<void> {
  const { files, place, logger } = options;
  const isChosen = speaker.way !== 'first_sight';
  let held: HostJobKey & Partial<Pin>;
  try {
    held = await readPin(files, place);
  } catch (error) {
    // Only somebody who chooses the manager of this host writes the file anew.
    if (!isChosen) return logger.error(messageOf(error), {});
    held = { pinned: null, by: null, foreign: null };
  }
  if (offer) return takeOffer(options, { held, offer, speaker });
  if (!isChosen || held.pinned === null) return;
  await writePinnedKey(files, place, { pinned: null, by: null, foreign: null });
  options.audit.record('job_key_unpinned', { before: held.pinned, by: speaker.way });
  logger.warn('The manager of this host has no job key, so changes need no signature from now on', {});
}

async function takeOffer(
  { files, place, logger, audit }: PinnedJobKeyOptions,
  asked: {
    readonly held: HostJobKey & Partial<Pin>;
    readonly offer: JobKeyOffer;
    readonly speaker: JobKeySpeaker;
  },
): Promise<void> {
  const { held, offer, speaker } = asked;
  const verdict = judgeOffer(held, offer, speaker);
  if (verdict.kind === 'known') return;
  if (verdict.kind === 'unvouched') {
    audit.record('job_key_refused', { reason: 'no CA that this host trusts vouches for it' });
    logger.warn('A job key was offered for which no CA of this host vouches; it counts for nothing', {});
    return;
  }
  if (verdict.kind === 'replaced') {
    const { offered } = verdict;
    await writePinnedKey(files, place, held, offered);
    audit.record('job_key_refused', {
      offered,
      pinned: held.pinned,
      reason: 'another one took its place here',
    });
    logger.error(
      `The manager offers the job key ${offered}, which counted on this host until ${held.pinned} took its place; what it asks for is refused. ` +
        'A manager that was set back to an older backup has that key, and so has whoever stole one: find out which it is before you let that key count again as root (linux-patch-api trust-job-key)',
      {},
    );
    return;
  }
  const { pin } = verdict;
  await writePinnedKey(files, place, pin);
  if (verdict.kind === 'foreign') {
    audit.record('job_key_refused', {
      offered: pin.foreign,
      pinned: pin.pinned,
      reason: 'another one is pinned',
    });
    logger.error(
      `The manager offers the job key ${pin.foreign}, and this host takes changes only from ${pin.pinned}; what the manager asks for is refused. ` +
        `If the manager was replaced or lost its key, then as root: linux-patch-api trust-job-key ${pin.foreign}`,
      {},
    );
    return;
  }
  audit.record('job_key_pinned', {
    pinned: pin.pinned,
    by: pin.by,
    before: held.pinned,
    followed: verdict.followed,
  });
  logger.info('Changes count from now on only when this job key has signed them', {
    job_key: pin.pinned,
    by: pin.by,
  });
}
