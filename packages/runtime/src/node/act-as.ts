import type { User } from '../files.ts';

/** `Files.actAs` (credentials(7)). */
export async function actAs<T>({ uid, gid }: User, work: () => Promise<T>): Promise<T> {
  const { geteuid, getegid, getgroups, setgroups, setegid, seteuid } = process;
  if (uid === 0 || geteuid?.() !== 0 || !getegid || !getgroups || !setgroups || !setegid || !seteuid) {
    return work();
  }
  const [group, groups] = [getegid(), getgroups()];
  setgroups([gid]);
  setegid(gid);
  seteuid(uid);
  try {
    return await work();
  } finally {
    seteuid(0);
    setegid(group);
    setgroups(groups);
  }
}
