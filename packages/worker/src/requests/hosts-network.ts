import type { Files } from '@linux-patch/runtime';

/** What the kernel shows of the network of whoever looks, and where it shows that of the host's first process. */
const PLACES = [
  ['/proc/net/', '/proc/1/net/'],
  ['/sys/class/net', '/proc/1/root/sys/class/net'],
] as const;

/** The files of a host for a process that has no network (systemd.exec(5), `PrivateNetwork`): its cards and ports are the host's. */
export function withHostsNetwork(files: Files): Files {
  const at = (path: string): string => {
    const place = PLACES.find(([own]) => path.startsWith(own));
    return place ? `${place[1]}${path.slice(place[0].length)}` : path;
  };
  const reading: Pick<Files, 'list' | 'readText' | 'readTextLimited'> = {
    list: (path, options) => files.list(at(path), options),
    readText: (path) => files.readText(at(path)),
    readTextLimited: (path, maxBytes) => files.readTextLimited(at(path), maxBytes),
  };
  return Object.assign({}, files, reading);
}
