import type { Files } from './files.ts';

/** A process that listens on a TCP port. */
export interface PortHolder {
  readonly pid: number;
  /** Its command name (proc_pid_comm(5)), at most 15 characters. */
  readonly program: string;
}

/** State `TCP_LISTEN` in /proc/net/tcp (proc_pid_net(5)). */
const LISTEN = '0A';

/**
 * The process that listens on a TCP port of this network namespace. Undefined when nobody does, or when /proc does
 * not show it (another user's process, seen without root).
 *
 * @param proc mount point of procfs
 */
export async function findPortHolder(
  port: number,
  options: { readonly files: Files; readonly proc?: string },
): Promise<PortHolder | undefined> {
  const proc = options.proc ?? '/proc';
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => options.files.readText(`${proc}/net/${name}`)),
  );
  const sockets = new Set(tables.flatMap((table) => listeningInodes(table ?? '', port)));
  if (sockets.size === 0) return undefined;
  for (const name of await options.files.list(proc)) {
    if (!/^\d+$/.test(name)) continue;
    if (await holdsSocket(options.files, `${proc}/${name}/fd`, sockets)) {
      const program = await options.files.readText(`${proc}/${name}/comm`).catch(() => undefined);
      return { pid: Number(name), program: program?.trim() || 'unknown' };
    }
  }
  return undefined;
}

/** Socket inodes that listen on a port, from the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
  const inodes: string[] = [];
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const localPort = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
    if (localPort === port && fields[3] === LISTEN && fields[9] !== undefined) inodes.push(fields[9]);
  }
  return inodes;
}

/** Processes come and go and belong to others while /proc is read; those are not the holder as far as one can see. */
async function holdsSocket(files: Files, folder: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await files.list(folder, { missingOk: true }).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await files.readLink(`${folder}/${descriptor}`).catch(() => undefined);
    const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
