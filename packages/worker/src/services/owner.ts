import { ServiceName } from '@linux-patch/contract';

/** To what a process belongs. */
export type Owner =
  | { readonly kind: 'service'; readonly manager: 'systemd' | 'openrc'; readonly name: string }
  /** A session, the service manager of a person, the init process; null where nothing is known. */
  | { readonly kind: 'other'; readonly name: string | null };

const NOBODY: Owner = { kind: 'other', name: null };
/** The service manager of a person: what it starts is theirs, and its restart would end their work. */
const OF_A_PERSON = /^user@\d+\.service$/;

/**
 * To what a process belongs, by the control group that its service manager has put it in.
 * @param cgroup text of /proc/PID/cgroup (cgroups(7))
 */
export function parseOwner(cgroup: string): Owner {
  const lines = cgroup.split('\n');
  const pathOf = (start: RegExp): string | undefined => {
    const line = lines.find((one) => start.test(one));
    return line?.replace(start, '');
  };
  // Where both are there, that of the manager's own hierarchy counts.
  const ofOpenrc = pathOf(/^\d+:name=openrc:/);
  if (ofOpenrc !== undefined && ofOpenrc !== '/') return openrcService(ofOpenrc.slice(1));
  const ofFirst = pathOf(/^\d+:name=systemd:/);
  // In a container it may be there because the machine outside has it.
  const path = (ofFirst === '/' ? undefined : ofFirst) ?? pathOf(/^0::/) ?? '';
  const [unit] = path.split('/').filter((part) => !['', '..'].includes(part) && !part.endsWith('.slice'));
  if (unit === undefined) return NOBODY;
  if (unit.startsWith('openrc.')) return openrcService(unit.slice('openrc.'.length));
  // What the kernel would take for a file of its own begins with one (systemd, CGROUP_DELEGATION).
  return systemdUnit(unit.replace(/^_/, ''));
}

function openrcService(path: string): Owner {
  const [name = ''] = path.split('/');
  return isName(name) ? { kind: 'service', manager: 'openrc', name } : NOBODY;
}

function systemdUnit(name: string): Owner {
  if (!isName(name) || !/\.(service|scope)$/.test(name)) return NOBODY;
  const isService = name.endsWith('.service') && !OF_A_PERSON.test(name);
  return isService ? { kind: 'service', manager: 'systemd', name } : { kind: 'other', name };
}

function isName(name: string): boolean {
  return ServiceName.safeParse(name).success;
}
