import { messageOf } from '@linux-patch/contract';
import { readPinnedKey } from '@linux-patch/worker';
import type { Finding } from '../finding.ts';
import type { DoctorPlace } from './host.ts';

/** Whose changes this host takes, where that is not whom its manager is. */
export async function checkJobKey({
  files,
  paths,
}: Pick<DoctorPlace, 'files' | 'paths'>): Promise<Finding[]> {
  try {
    const { pinned, foreign } = await readPinnedKey(files, paths.jobKey);
    if (foreign === null) return [];
    const detail = `This host takes changes from ${pinned}, and its manager signs with ${foreign}.`;
    return [{ code: 'JOB_KEY_FOREIGN', detail, words: { key: foreign } }];
  } catch (error) {
    return [{ code: 'JOB_KEY_UNREADABLE', detail: messageOf(error) }];
  }
}
