import { dirname } from 'node:path';
import type { FileFacts, Files } from '@linux-patch/runtime';
import type { Finding } from '../finding.ts';
import { asFolderOwner } from '../roots-work.ts';
import type { DoctorCode } from '../table.ts';
import type { DoctorPlace } from './host.ts';

/** Who may do nothing with a file, and what it is called when they may. */
interface Protection {
  /** Bits of its mode that must not be set. */
  readonly forbidden: number;
  readonly open: DoctorCode;
  /** Absent where its owner does not matter. */
  readonly foreign?: DoctorCode;
}

/** What others than root and the agent's user may do with a file or folder, with what mends it. */
export function ownerAndMode(
  { files, uid }: Pick<DoctorPlace, 'files' | 'uid'>,
  { path, facts }: { readonly path: string; readonly facts: FileFacts },
  { forbidden, open, foreign }: Protection,
): Finding[] {
  const words = { path };
  const findings: Finding[] = [];
  if ((facts.mode & forbidden) !== 0) {
    findings.push({
      code: open,
      detail: `${path} has mode 0${facts.mode.toString(8)}.`,
      words,
      repair: () => asFolderOwner(files, path, () => files.setMode(path, facts.mode & ~forbidden)),
    });
  }
  if (foreign !== undefined && facts.uid !== 0 && facts.uid !== uid) {
    findings.push({
      code: foreign,
      detail: `${path} belongs to user ${facts.uid}.`,
      words,
      repair: () => asFolderOwner(files, path, () => giveBack(files, path, { uid, facts })),
    });
  }
  return findings;
}

/** A folder is the agent's; what lies in one is whose that is: of the settings root's, of the keys the agent's. */
async function giveBack(
  files: Files,
  path: string,
  { uid, facts }: { readonly uid: number; readonly facts: FileFacts },
): Promise<void> {
  const folder = facts.kind === 'folder' ? undefined : await files.factsBehind(dirname(path));
  await files.setOwner(path, { uid: folder?.uid ?? uid, gid: facts.gid });
}
