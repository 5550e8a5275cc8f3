import { messageOf } from '@linux-patch/contract';
import { type Files, printableLine } from '@linux-patch/runtime';
import { isPassing, type MappedFile, parseMaps } from './mapped-files.ts';
import { type Namespace, openNamespace } from './namespace.ts';
import { type Owner, parseOwner } from './owner.ts';

/** What one process runs. */
export type Looked =
  /** It has ended meanwhile, is the kernel's own, or runs nothing of this root. */
  | { readonly kind: 'nothing' }
  /** Its root is another than that of this host. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'unknown'; readonly owner: Owner; readonly reason: string }
  /** `old` names what it runs in a former state, by paths below the root; nothing when all is current. */
  | {
      readonly kind: 'looked_at';
      readonly owner: Owner;
      readonly program: string;
      readonly old: readonly string[];
    };

/** Looks at processes, one after the other. */
export interface ProcessLook {
  /** Never rejects. @param pid as it is in /proc */
  look(pid: string): Promise<Looked>;
}

const NOTHING: Looked = { kind: 'nothing' };
const NOBODY: Owner = { kind: 'other', name: null };
const HIDDEN = 'the file systems do not show whether a file of it is still the one under its path';

/**
 * @param root only what lies below it counts
 * @throws the system's error when not even the root of this host can be looked at
 */
export async function openProcessLook(files: Files, root: string): Promise<ProcessLook> {
  const own = await files.factsBehind('/');
  const nameOf = (pid: string) => files.readLink(`/proc/${pid}/ns/mnt`);
  const ownName = await nameOf('self');
  const hostName = await nameOf('1').catch(() => undefined);
  const namespaces = new Map<string, Namespace>();
  const namespaceOf = async (pid: string): Promise<Namespace | 'elsewhere' | 'ended'> => {
    const [name = '', itsRoot] = await Promise.all([nameOf(pid), files.factsBehind(`/proc/${pid}/root`)]);
    if (!itsRoot) return 'ended';
    const sharesRoot = itsRoot.inode === own?.inode && itsRoot.device === own.device;
    if (![ownName, hostName].includes(name) && !sharesRoot) return 'elsewhere';
    // Paths of mappings go by the root of the namespace, wherever in it a process has its own.
    const hostBase = name === ownName ? '' : '/proc/1/root';
    const base = sharesRoot ? `/proc/${pid}/root` : hostBase;
    const key = `${name} ${sharesRoot}`;
    const namespace = namespaces.get(key) ?? openNamespace(files, { base, pid });
    namespaces.set(key, namespace);
    return namespace;
  };
  const ownerOf = async (pid: string): Promise<Owner> =>
    parseOwner((await files.readText(`/proc/${pid}/cgroup`).catch(() => undefined)) ?? '');
  const lives = async (pid: string): Promise<boolean> =>
    (await files.factsBehind(`/proc/${pid}/root`).catch(() => undefined)) !== undefined;
  const look = async (pid: string): Promise<Looked> => {
    const mapped = ofRoot(parseMaps((await files.readText(`/proc/${pid}/maps`)) ?? ''), root);
    if (mapped.length === 0) return NOTHING;
    const namespace = await namespaceOf(pid);
    if (namespace === 'ended') return NOTHING;
    if (namespace === 'elsewhere') return { kind: 'elsewhere' };
    const { old, isHidden } = await judgeAll(mapped, namespace, root);
    // The files of a process that has ended meanwhile are not found any more.
    if ((old.length > 0 || isHidden) && !(await lives(pid))) return NOTHING;
    const owner = await ownerOf(pid);
    if (old.length === 0 && isHidden) return { kind: 'unknown', owner, reason: HIDDEN };
    const program = (await files.readText(`/proc/${pid}/comm`).catch(() => undefined))?.trimEnd();
    return { kind: 'looked_at', owner, program: printableLine(program || 'unknown'), old };
  };
  return {
    async look(pid) {
      try {
        return await look(pid);
      } catch (error) {
        if (isGone(error)) return NOTHING;
        const owner = await ownerOf(pid).catch(() => NOBODY);
        return { kind: 'unknown', owner, reason: `what it runs cannot be read (${reasonOf(error)})` };
      }
    },
  };
}

/** Only what says something of packages. */
function ofRoot(mapped: readonly MappedFile[], root: string): MappedFile[] {
  return mapped.filter(({ path }) => {
    const below = belowRoot(path, root);
    return below !== undefined && !isPassing(below);
  });
}

function belowRoot(path: string, root: string): string | undefined {
  if (root === '/') return path;
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

async function judgeAll(mapped: readonly MappedFile[], namespace: Namespace, root: string) {
  const old: string[] = [];
  let isHidden = false;
  for (const one of mapped) {
    const verdict = await namespace.judge(one);
    if (verdict === 'old') old.push(belowRoot(one.path, root) ?? one.path);
    isHidden ||= verdict === 'unknown';
  }
  return { old: [...new Set(old)].sort(), isHidden };
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(codeOf(error) ?? '');
}

/** Without what differs from process to process. */
function reasonOf(error: unknown): string {
  return codeOf(error) ?? printableLine(messageOf(error)).slice(0, 200);
}
