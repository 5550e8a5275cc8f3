/** A mounted file system, as /proc/PID/mountinfo has it (proc_pid_mountinfo(5)). */
export interface Mount {
  /** See `deviceName`. On btrfs and overlayfs it is not the one of stat(2). */
  readonly device: string;
  /** Such as `ext4`. */
  readonly type: string;
}

/** A device as files of /proc name it: `major:minor` in hexadecimal, here without leading zeros. */
export function deviceName(major: number, minor: number): string {
  return `${major.toString(16)}:${minor.toString(16)}`;
}

/** The device of `st_dev` (makedev(3) of glibc, which Linux shares). */
export function statDevice(device: number): string {
  const [low, high] = [(device % 2 ** 32) >>> 0, Math.floor(device / 2 ** 32)];
  return deviceName(((low >>> 8) & 0xfff) + high * 0x1000, (low & 0xff) + ((low >>> 12) & 0xfff00));
}

/** The mount that holds a path; undefined where the text names none. */
export function findMount(mountinfo: string, path: string): Mount | undefined {
  let best = { length: -1, device: '', type: '' };
  for (const line of mountinfo.split('\n')) {
    const [, , device, , escaped] = line.split(' ');
    if (device === undefined || escaped === undefined) continue;
    const point = escaped.replaceAll(/\\([0-7]{3})/g, (_, code: string) =>
      String.fromCharCode(parseInt(code, 8)),
    );
    const holds = point === '/' || path === point || path.startsWith(`${point}/`);
    // Of mounts on one point the last is the one that is seen.
    if (!holds || point.length < best.length) continue;
    const [type = ''] = line.slice(line.indexOf(' - ') + ' - '.length).split(' ');
    best = { length: point.length, device, type };
  }
  const [major, minor] = best.device.split(':').map(Number);
  return major === undefined || minor === undefined
    ? undefined
    : { device: deviceName(major, minor), type: best.type };
}
