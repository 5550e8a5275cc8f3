import { isFaulty, readPolicy } from '@linux-patch/worker';
import { findOpenFile, openFileWords } from '../../host/real-file.ts';
import type { Finding } from '../finding.ts';
import { asFolderOwner, ROOT_UID } from '../roots-work.ts';
import type { DoctorPlace } from './host.ts';

/** Whether the policy of this host can be relied on. */
export async function checkPolicy({
  files,
  paths,
}: Pick<DoctorPlace, 'files' | 'paths'>): Promise<Finding[]> {
  const path = paths.policyFile;
  const reading = await readPolicy({ files, path });
  if (!isFaulty(reading)) return [];
  const open = await findOpenFile(files, path).catch(() => undefined);
  if (open?.path !== path)
    return [{ code: 'POLICY_FAULTY', detail: reading.faults.join('; '), words: { path } }];
  const repair = (): Promise<void> =>
    asFolderOwner(files, path, async () => {
      await files.setOwner(path, { uid: ROOT_UID, gid: open.facts.gid });
      await files.setMode(path, open.facts.mode & ~0o022);
    });
  return [{ code: 'POLICY_OPEN', detail: `${openFileWords(open).message}.`, words: { path }, repair }];
}
