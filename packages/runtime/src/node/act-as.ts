import type { User } from '../files.ts';

/** What the system lets a process do about whose rights it has. */
type Rights = Required<
  Pick<NodeJS.Process, 'getuid' | 'geteuid' | 'getegid' | 'getgroups' | 'setgroups' | 'setegid' | 'seteuid'>
>;

function become(rights: Rights, { uid, gid }: User, groups: number[]): void {
  // Only root may take another group.
  rights.seteuid(0);
  rights.setgroups(groups);
  rights.setegid(gid);
  rights.seteuid(uid);
}

/** `Files.actAs` (credentials(7)). */
export async function actAs<T>(user: User, work: () => Promise<T>): Promise<T> {
  const rights = process as Rights;
  const before = { uid: rights.geteuid(), gid: rights.getegid() };
  if (rights.getuid() !== 0 || user.uid === before.uid) return work();
  const groups = rights.getgroups();
  become(rights, user, [user.gid]);
  try {
    return await work();
  } finally {
    become(rights, before, groups);
  }
}

/** Whether root started this process, which has the rights of another user now. */
export function isRootActing(): boolean {
  const rights = process as Rights;
  return rights.getuid() === 0 && rights.geteuid() !== 0;
}
