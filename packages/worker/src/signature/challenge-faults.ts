import { messageOf, PatchError } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import type { Challenges } from './challenges.ts';

/**
 * Challenges whose folder may not be writable: both questions throw PatchError `SERVICE_UNHEALTHY` with the folder and the
 * cause then. The log has it once, and again after it had been mended.
 */
export function sayChallengeFaults(
  challenges: Challenges,
  { folder, logger }: { readonly folder: string; readonly logger: Pick<Logger, 'error'> },
): Challenges {
  let isSaid = false;
  const saying = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const result = await work;
      isSaid = false;
      return result;
    } catch (cause) {
      const message = `${folder} cannot be written, so this host has no number over which its manager could sign, and changes nothing for others: ${messageOf(cause)}. Make room or mend the folder.`;
      if (!isSaid) logger.error(message, {});
      isSaid = true;
      throw new PatchError('SERVICE_UNHEALTHY', message, { cause });
    }
  };
  return {
    issue: () => saying(challenges.issue()),
    use: (challenge) => saying(challenges.use(challenge)),
  };
}
