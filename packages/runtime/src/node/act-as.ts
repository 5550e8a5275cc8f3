import type { User } from '../files.ts';

/** What the system lets a process do about whose rights it has. */
type Rights = Required<
  Pick<NodeJS.Process, 'geteuid' | 'getegid' | 'getgroups' | 'setgroups' | 'setegid' | 'seteuid'>
>;

/** `Files.actAs` (credentials(7)). */
export async function actAs<T>({ uid, gid }: User, work: () => Promise<T>): Promise<T> {
  const rights = process as Rights;
  if (uid === 0 || rights.geteuid() !== 0) return work();
  const [group, groups] = [rights.getegid(), rights.getgroups()];
  rights.setgroups([gid]);
  rights.setegid(gid);
  rights.seteuid(uid);
  try {
    return await work();
  } finally {
    rights.seteuid(0);
    rights.setegid(group);
    rights.setgroups(groups);
  }
}
