import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { FileFacts, Files } from '@linux-patch/runtime';

const PIECE_BYTES = 256 * 1024;
/** No link, no hidden file, no way up. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9.+~_-]{0,200}$/;

/** What proves all other files of a folder: a repository for apt, or packages that hosts install one by one. */
const SIGNED = { apt: 'InRelease', packages: 'SHA256SUMS.gpg' } as const;
export type RepositoryKind = keyof typeof SIGNED;

/** A file of the repository, as it lies there now. */
export interface RepositoryFile {
  readonly sizeBytes: number;
  /** @throws when the file is replaced meanwhile, so that nobody gets half of each */
  pieces(): AsyncIterable<Uint8Array>;
}

/** The signed packages that hosts install. Nothing here can sign: what lies there is as somebody else made it. */
export interface RepositoryFiles {
  /** Architectures for which there is something signed: by dpkg's names for apt, else by the kernel's (uname(2)). */
  architectures(kind: RepositoryKind): Promise<string[]>;
  /** @throws PatchError `NOT_FOUND` */
  open(
    place: { readonly kind: string; readonly architecture: string },
    file: string,
  ): Promise<RepositoryFile>;
}

export function openRepositoryFiles(files: Files, folder: string): RepositoryFiles {
  return {
    async architectures(kind) {
      const place = join(folder, kind);
      const names = (await files.list(place, { missingOk: true })).filter((name) => NAME.test(name));
      const signed = await Promise.all(names.map((name) => files.facts(join(place, name, SIGNED[kind]))));
      return names.filter((_, index) => signed[index]?.kind === 'file');
    },
    async open({ kind, architecture }, file) {
      const isOurs = Object.hasOwn(SIGNED, kind) && NAME.test(architecture) && NAME.test(file);
      const path = join(folder, kind, architecture, file);
      const facts = isOurs ? await files.facts(path) : undefined;
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
