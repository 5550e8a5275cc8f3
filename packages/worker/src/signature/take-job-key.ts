import { messageOf, PatchError } from '@linux-patch/contract';
import { jobKeyFingerprint, parseCertificates } from '@linux-patch/pki';
import type { Files, Logger } from '@linux-patch/runtime';
import type { JobKeyAnswer, JobKeyWord } from './job-key-word.ts';
import { judgeOffer } from './offer.ts';
import {
  changePinnedKey,
  forgetPinnedKey,
  NOTHING_PINNED,
  type Pin,
  type PinPlace,
  readPin,
  writePinnedKey,
} from './pinned-key.ts';

interface PinKeeperOptions {
  readonly files: Files;
  readonly logger: Logger;
  readonly place: PinPlace;
  /**
   * Reads which CA the join string of this host pins; undefined where there is none.
   * @throws PatchError when that cannot be told
   */
  readonly authority: () => Promise<string | undefined>;
}

/** Nobody else writes down which key signs the changes of this host. */
export interface PinKeeper {
  /**
   * @param byRoot whether it is root of this host that says so, which is never taken from what is said
   * @throws PatchError `FORBIDDEN`; `SERVICE_UNHEALTHY` when it cannot be written down: then what counted before still counts
   */
  take(word: JobKeyWord, byRoot: boolean): Promise<JobKeyAnswer>;
}

export function openPinKeeper(options: PinKeeperOptions): PinKeeper {
  const { files, logger, place } = options;
  return {
    async take(word, byRoot) {
      if (word.kind !== 'offered' && !byRoot) throw forRoot();
      try {
        const answer = await changePinnedKey(files, place, () => answerTo(options, word));
        if (answer.kind !== 'known') logger.info('which job key signs changes was asked', { ...answer });
        return answer;
      } catch (cause) {
        throw cause instanceof PatchError ? cause : notWritten(place, cause);
      }
    },
  };
}

async function answerTo(options: PinKeeperOptions, word: JobKeyWord): Promise<JobKeyAnswer> {
  const { files, place } = options;
  switch (word.kind) {
    case 'offered':
    case 'chosen':
      return takeOffer(options, word);
    case 'trusted': {
      const pin = { pinned: word.fingerprint, by: 'root', foreign: null } as const;
      const before = await readPin(files, place).catch(() => NOTHING_PINNED);
      await writePinnedKey(files, place, pin);
      return { kind: 'pinned', pin, followed: false, before: before.pinned };
    }
    case 'left':
      await forgetPinnedKey(files, place);
      return { kind: 'known' };
  }
}

type OfferWord = Extract<JobKeyWord, { readonly offer: unknown }>;

async function takeOffer(options: PinKeeperOptions, word: OfferWord): Promise<JobKeyAnswer> {
  const { files, place } = options;
  const { offer } = word;
  const isChosen = word.kind === 'chosen';
  const isEarly = word.kind === 'chosen' && !word.installed;
  let held: Pin;
  try {
    held = await readPin(files, place);
  } catch (error) {
    // What cannot be read stays as it is until the manager that root chooses is the one of this host.
    if (!isChosen || isEarly) return { kind: 'unknown', message: messageOf(error) };
    held = NOTHING_PINNED;
  }
  const roots = word.roots === '' ? [] : parseCertificates(word.roots);
  const { authority, fault } = await readAuthority(options);
  const verdict = judgeOffer(held, offer, { roots, authority, isChosen });
  if (verdict.kind === 'known' || verdict.kind === 'unvouched' || verdict.kind === 'uncertified')
    return verdict;
  const { next, pinned: before } = held;
  if (verdict.kind === 'replaced') {
    await writePinnedKey(files, place, held, { refused: verdict.offered, next });
    return verdict;
  }
  if (verdict.kind === 'foreign') {
    await writePinnedKey(files, place, verdict.pin, { next });
    return verdict;
  }
  if (fault !== undefined && !verdict.followed) return { kind: 'unknown', message: fault };
  if (isEarly) {
    await writePinnedKey(files, place, held, { refused: held.refused, next: jobKeyFingerprint(offer.key) });
    return { kind: 'known' };
  }
  await writePinnedKey(files, place, verdict.pin);
  return { ...verdict, before };
}

async function readAuthority({ authority }: PinKeeperOptions) {
  try {
    return { authority: await authority(), fault: undefined };
  } catch (error) {
    const fault = `It is not known whose job key this host is to take, so none was taken: ${messageOf(error)}`;
    return { authority: undefined, fault };
  }
}

function forRoot(): PatchError {
  return new PatchError(
    'FORBIDDEN',
    'Which key signs the changes of this host is for its root to say, on the host itself: linux-patch-api trust-job-key. Nothing was changed.',
  );
}

function notWritten({ file }: PinPlace, cause: unknown): PatchError {
  const message = `Which key signs the changes of this host could not be written down in ${file} (${messageOf(cause)}), so what counted before still counts.`;
  return new PatchError('SERVICE_UNHEALTHY', message, { cause });
}
