import { expect, it } from 'vitest';
import { parseOwner } from './owner.ts';

const systemd = (name: string) => ({ kind: 'service', manager: 'systemd', name });
const openrc = (name: string) => ({ kind: 'service', manager: 'openrc', name });
const other = (name: string | null) => ({ kind: 'other', name });

it.each([
  ['a service', '0::/system.slice/ssh.service\n', systemd('ssh.service')],
  [
    'one below slices of its own',
    '0::/system.slice/system-getty.slice/getty@tty1.service',
    systemd('getty@tty1.service'),
  ],
  [
    'a part of a service that divides itself',
    '0::/system.slice/docker.service/sub/7',
    systemd('docker.service'),
  ],
  ['an escaped name', '0::/system.slice/dbus-:1.2-org.bus@0.service', systemd('dbus-:1.2-org.bus@0.service')],
  ['a unit that the kernel would mistake', '0::/system.slice/_cgroup.service', systemd('cgroup.service')],
  [
    'a service of the first hierarchy',
    '12:pids:/x\n1:name=systemd:/system.slice/cron.service\n0::/',
    systemd('cron.service'),
  ],
  [
    'a service beside a first hierarchy that nobody uses here',
    '12:pids:/x\n1:name=systemd:/\n0::/system.slice/cron.service',
    systemd('cron.service'),
  ],
  [
    'what somebody started who is logged in',
    '0::/user.slice/user-1000.slice/session-3.scope',
    other('session-3.scope'),
  ],
  [
    'a service of a person',
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service',
    other('user@1000.service'),
  ],
  ['the init process', '0::/init.scope', other('init.scope')],
  ['OpenRC with its own hierarchy', '9:name=openrc:/sshd\n0::/', openrc('sshd')],
  ['OpenRC with the one hierarchy', '0::/openrc.sshd', openrc('sshd')],
  [
    'something beside a hierarchy of OpenRC',
    '9:name=openrc:/\n0::/system.slice/a.service',
    systemd('a.service'),
  ],
  ['a container seen from outside its namespace', '0::/../../machine.slice/web.scope', other('web.scope')],
  ['a name that no service has', '0::/system.slice/a b;c.service', other(null)],
  ['nothing', '0::/', other(null)],
  ['no control groups', '', other(null)],
])('a process of %s belongs to what its control group says', (_what, text, owner) => {
  expect(parseOwner(text)).toEqual(owner);
});
