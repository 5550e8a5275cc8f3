import { messageOf, PatchError } from '@linux-patch/contract';
import type { Challenges } from './challenges.ts';

/**
 * Challenges whose folder may not be writable: both questions throw PatchError `SERVICE_UNHEALTHY` with the folder and the
 * cause then.
 */
export function sayChallengeFaults(challenges: Challenges, folder: string): Challenges {
  const saying = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      const message = `${folder} cannot be written, so this host has no number over which its manager could sign, and changes nothing for others: ${messageOf(cause)}. Make room or mend the folder.`;
      throw new PatchError('SERVICE_UNHEALTHY', message, { cause });
    }
  };
  return {
    issue: () => saying(challenges.issue()),
    use: (challenge) => saying(challenges.use(challenge)),
  };
}
