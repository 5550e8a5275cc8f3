import { type FileFacts, type Files, findMount, statDevice } from '@linux-patch/runtime';
import type { MappedFile } from './mapped-files.ts';

/** What becomes of a mapped file: `unknown` where the file systems do not let that be told. */
export type Verdict = 'current' | 'old' | 'unknown';

/** The files as the processes of one mount namespace see them. */
export interface Namespace {
  judge(mapped: MappedFile): Promise<Verdict>;
}

/** @param base what leads to its root: `/proc/PID/root` @param pid of a process in it */
export function openNamespace(files: Files, { base, pid }: { readonly base: string; readonly pid: string }) {
  const known = new Map<string, FileFacts>();
  let mountinfo: Promise<string> | undefined;
  const factsOf = async (path: string): Promise<FileFacts | undefined> => {
    const found = known.get(path) ?? (await files.factsBehind(`${base}${path}`));
    // That nothing is there may mean that the process by which it is looked for has ended.
    if (found) known.set(path, found);
    return found;
  };
  const mountOf = async (path: string) => {
    mountinfo ??= files.readText(`/proc/${pid}/mountinfo`).then((text) => text ?? '');
    return findMount(await mountinfo, path);
  };
  return {
    async judge(mapped) {
      const facts = await factsOf(mapped.path);
      if (!facts) return mapped.removed ? 'old' : 'unknown';
      const isSame = facts.inode === mapped.inode;
      if (statDevice(facts.device) === mapped.device) return isSame ? 'current' : 'old';
      const mount = await mountOf(mapped.path);
      // There inodes of stat(2) are others than those of mappings; what was replaced the kernel tells all the same.
      if (mount?.type === 'overlay') return mapped.removed ? 'old' : 'current';
      if (mount?.device === mapped.device) return isSame ? 'current' : 'old';
      return mapped.removed ? 'old' : 'unknown';
    },
  } satisfies Namespace;
}
