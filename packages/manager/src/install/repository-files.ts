import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { FileFacts, Files } from '@linux-patch/runtime';

const PIECE_BYTES = 256 * 1024;
/** No link, no hidden file, no way up. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9.+~_-]{0,200}$/;

/** A file of the repository, as it lies there now. */
export interface RepositoryFile {
  readonly sizeBytes: number;
  /** @throws when the file is replaced meanwhile, so that nobody gets half of each */
  pieces(): AsyncIterable<Uint8Array>;
}

/** The signed packages that hosts install. Nothing here can sign: what lies there is as somebody else made it. */
export interface RepositoryFiles {
  /** Architectures, by dpkg's names, for which there is a signed repository for apt. */
  architectures(): Promise<string[]>;
  /** @throws PatchError `NOT_FOUND` */
  open(architecture: string, file: string): Promise<RepositoryFile>;
}

export function openRepositoryFiles(files: Files, folder: string): RepositoryFiles {
  const apt = join(folder, 'apt');
  return {
    async architectures() {
      const names = await files.list(apt, { missingOk: true });
      const signed = await Promise.all(
        names.filter((name) => NAME.test(name)).map((name) => files.facts(join(apt, name, 'InRelease'))),
      );
      return names.filter((name) => NAME.test(name)).filter((_, index) => signed[index]?.kind === 'file');
    },
    async open(architecture, file) {
      const path = join(apt, architecture, file);
      const facts = NAME.test(architecture) && NAME.test(file) ? await files.facts(path) : undefined;
      if (facts?.kind !== 'file') throw new PatchError('NOT_FOUND', 'The repository has no such file.');
      return { sizeBytes: facts.sizeBytes, pieces: () => piecesOf(files, path, facts) };
    },
  };
}

async function* piecesOf(files: Files, path: string, whole: FileFacts): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < whole.sizeBytes; ) {
    const piece = await files.readPart(path, { offset, maxBytes: PIECE_BYTES });
    const now = await files.facts(path);
    const isSame = now?.inode === whole.inode && now.modifiedMs === whole.modifiedMs;
    if (!piece || piece.length === 0 || !isSame) throw new Error(`${path} was replaced while it was read`);
    offset += piece.length;
    yield piece;
  }
}
