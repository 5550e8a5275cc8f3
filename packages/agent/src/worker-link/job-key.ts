import { type HostJobKey, type JobKeyOffer, messageOf, PatchError } from '@linux-patch/contract';
import type { Files, Logger } from '@linux-patch/runtime';
import { JobKeyAnswer, type JobKeyWord, type PinPlace, readPinnedKey } from '@linux-patch/worker';
import type { AuditLog } from '../audit/audit-log.ts';
import type { WorkerLink } from './link.ts';

/** After so long the worker is ended. */
const LIMIT_MS = 30_000;

/** A key that a manager offers, and the CAs that may vouch for it, PEM. */
export interface OfferedJobKey {
  /** Undefined from a manager that has none. */
  readonly offer: JobKeyOffer | undefined;
  readonly roots: string;
}

/** The job key that this host pins. The worker alone writes that down, and judges what is to be; here is what it says read and told. */
export interface PinnedJobKey {
  /** @throws PatchError `PROVISION_FAILED` while nobody can say whether it counts */
  offered(offered: OfferedJobKey): Promise<void>;
  /**
   * Root joins the manager that offers it.
   * @param installed whether the certificates of that are, so that it counts now
   * @throws PatchError `PROVISION_FAILED` while nobody can say whether it counts
   */
  chosen(offered: OfferedJobKey, installed: boolean): Promise<void>;
  /** Root says which key counts, or that none has to. @throws PatchError */
  trust(fingerprint: string | null): Promise<void>;
  /** Root has the host leave its manager. @throws PatchError */
  forget(): Promise<void>;
  /** @throws PatchError `SERVICE_UNHEALTHY` for a file that is not to be believed */
  read(): Promise<HostJobKey>;
}

interface PinnedJobKeyOptions {
  readonly link: Pick<WorkerLink, 'ask'>;
  /** To a worker that this process starts itself, which believes that it is root who says what root alone may say. */
  readonly rootsLink: Pick<WorkerLink, 'ask'>;
  /** Ends the asking. */
  readonly signal: AbortSignal;
  readonly place: PinPlace;
  readonly files: Files;
  readonly logger: Logger;
  readonly audit: Pick<AuditLog, 'record'>;
}

export function openPinnedJobKey(options: PinnedJobKeyOptions): PinnedJobKey {
  const { files, place } = options;
  let last = '';
  /** A manager whose key is not taken offers it in each of its rounds. */
  const takeUp = async (word: JobKeyWord): Promise<void> => {
    const answer = await take(options, word);
    const text = JSON.stringify(answer);
    if (text !== last) tell(options, answer);
    last = text;
  };
  return {
    async offered({ offer, roots }) {
      if (offer) await takeUp({ kind: 'offered', offer, roots });
      else await tellOfNone(options);
    },
    async chosen({ offer, roots }, installed) {
      if (offer) await takeUp({ kind: 'chosen', offer, roots, installed });
      else if (installed) await tellOfNone(options);
    },
    async trust(fingerprint) {
      tell(options, await ask(options, { kind: 'trusted', fingerprint }));
    },
    async forget() {
      await ask(options, { kind: 'left' });
    },
    read: () => readPinnedKey(files, place),
  };
}

function ask({ link, rootsLink, signal }: PinnedJobKeyOptions, word: JobKeyWord): Promise<JobKeyAnswer> {
  const body = Buffer.from(JSON.stringify(word));
  const request = { v: 1, op: 'take-job-key', bytes: body.length } as const;
  const way = word.kind === 'offered' ? link : rootsLink;
  return way.ask(request, JobKeyAnswer, { body, lane: 'changes', limitMs: LIMIT_MS, signal });
}

async function take(options: PinnedJobKeyOptions, word: JobKeyWord): Promise<JobKeyAnswer> {
  try {
    return await ask(options, word);
  } catch (cause) {
    const message = `The job key that the manager offers could not be pinned: ${messageOf(cause)}`;
    throw new PatchError('PROVISION_FAILED', message, { cause });
  }
}

/** A manager from before there were job keys; what is pinned stays, because whoever cuts the key out of an answer says the same. */
async function tellOfNone({ files, place, logger, audit }: PinnedJobKeyOptions): Promise<void> {
  const { pinned } = await readPinnedKey(files, place).catch((error: unknown) => {
    logger.error(messageOf(error), {});
    return { pinned: null };
  });
  if (pinned === null) return;
  audit.record('job_key_refused', { pinned, reason: 'the manager has none' });
  logger.error(
    `The manager of this host has no job key, and this host takes changes only from ${pinned}; what the manager asks for is refused. ` +
      'If it is the right manager, of an earlier version, then as root: linux-patch-api trust-job-key none',
    {},
  );
}

/** Has on record what the worker said. */
function tell({ logger, audit }: PinnedJobKeyOptions, answer: JobKeyAnswer): void {
  switch (answer.kind) {
    case 'known':
      return;
    case 'unknown':
      return logger.error(answer.message, {});
    case 'unvouched':
      audit.record('job_key_refused', { reason: 'no CA that this host trusts vouches for it' });
      return logger.warn(
        'A job key was offered for which no CA of this host vouches; it counts for nothing',
        {},
      );
    case 'uncertified':
      audit.record('job_key_refused', {
        reason: 'the CA that the join string of this host pins does not vouch for it',
        authority: answer.authority,
      });
      return logger.error(
        `A job key was offered that is not certified by the CA which the join string of this host pins (${answer.authority}); it counts for nothing. ` +
          'If the join string is an old one, remove its file; or compare the key with "linux-patch-manager job-key show", then as root: linux-patch-api trust-job-key SHA256:…',
        {},
      );
    case 'replaced':
      audit.record('job_key_refused', {
        offered: answer.offered,
        pinned: answer.pinned,
        reason: 'another one took its place here',
      });
      return logger.error(
        `The manager offers the job key ${answer.offered}, which counted on this host until ${answer.pinned} took its place; what it asks for is refused. ` +
          'A manager that was set back to an older backup has that key, and so has whoever stole one: find out which it is before you let that key count again as root (linux-patch-api trust-job-key)',
        {},
      );
    case 'foreign': {
      const { pinned, foreign } = answer.pin;
      audit.record('job_key_refused', { offered: foreign, pinned, reason: 'another one is pinned' });
      return logger.error(
        `The manager offers the job key ${foreign}, and this host takes changes only from ${pinned}; what the manager asks for is refused. ` +
          `If the manager was replaced or lost its key, then as root: linux-patch-api trust-job-key ${foreign}`,
        {},
      );
    }
    case 'pinned': {
      const { pin, followed, before } = answer;
      audit.record('job_key_pinned', { pinned: pin.pinned, by: pin.by, before, followed });
      if (pin.pinned !== null)
        logger.info('Changes count from now on only when this job key has signed them', {
          job_key: pin.pinned,
          by: pin.by,
        });
    }
  }
}
