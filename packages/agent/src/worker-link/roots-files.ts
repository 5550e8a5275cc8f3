import { messageOf } from '@linux-patch/contract';
import type { FileFacts, Files } from '@linux-patch/runtime';

/** Asks for a file of root that this process may not read. */
export type AskForFile = (path: string) => Promise<string | undefined>;

const DENIED: readonly unknown[] = ['EACCES', 'EPERM'];
/** By which a copy of the host is noticed; of all that the kernel keeps to root no other is asked for. */
const BOARD = '/sys/class/dmi/id/product_uuid';
const KERNELS = /^\/(?:proc|sys)\//;

const nameOf = (facts: FileFacts): string =>
  `${facts.device} ${facts.inode} ${facts.changedMs} ${facts.sizeBytes}`;

/**
 * The files of a host for an agent that is not root: what root keeps to itself is asked for, and where that is not for the agent
 * it is said who may not read it and what mends that.
 */
export function withRootsFiles(files: Files, ask: AskForFile): Files {
  const known = new Map<string, { readonly name: string; readonly text: string | undefined }>();
  const fromRoot = async (path: string, denied: NodeJS.ErrnoException): Promise<string | undefined> => {
    // What is asked for often is asked for again when it is another file. In a folder of root's alone nobody can tell.
    const facts = await files.factsBehind(path).catch(() => undefined);
    const name = facts && nameOf(facts);
    const kept = known.get(path);
    if (name !== undefined && kept?.name === name) return kept.text;
    const text = await ask(path).catch((error: unknown) => {
      throw saying(denied, path, error);
    });
    if (name !== undefined) known.set(path, { name, text });
    return text;
  };
  const reading = async (
    path: string,
    read: () => Promise<string | undefined>,
  ): Promise<string | undefined> => {
    try {
      return await read();
    } catch (error) {
      const denied = error as NodeJS.ErrnoException;
      if (!DENIED.includes(denied.code) || (KERNELS.test(path) && path !== BOARD)) throw error;
      return fromRoot(path, denied);
    }
  };
  const asking: Pick<Files, 'readText' | 'readTextLimited'> = {
    readText: (path) => reading(path, () => files.readText(path)),
    readTextLimited: (path, maxBytes) => reading(path, () => files.readTextLimited(path, maxBytes)),
  };
  return Object.assign({}, files, asking);
}

function saying(cause: NodeJS.ErrnoException, path: string, why: unknown): Error {
  const message =
    `The user linux-patch-api, as whom the agent runs, may not read ${path}, and root does not read it out (${messageOf(why)}). ` +
    `Let it in, as root: chgrp linux-patch-api ${path} && chmod g+r ${path}`;
  return Object.assign(new Error(message, { cause }), { code: cause.code, path });
}
