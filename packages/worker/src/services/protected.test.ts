import { expect, it } from 'vitest';
import { protectionOf } from './protected.ts';

it.each([
  'linux-patch-api.service',
  'linux-patch-worker@3-77-0.service',
  'linux-patch-run-5b0f3a52.service',
  'linux-patch-manager.service',
  'systemd-logind.service',
  'systemd-journald.service',
  'systemd-cryptsetup@root.service',
  'debug-shell.service',
  'dbus.service',
  'dbus-broker.service',
  'dbus-org.freedesktop.login1.service',
  'user@1000.service',
  'getty@tty1.service',
  'serial-getty@ttyS0.service',
  'console-getty.service',
  'display-manager.service',
  'gdm3.service',
  'xdm.service',
  'networking.service',
  'NetworkManager.service',
  'wpa_supplicant@wlan0.service',
  'lvm2-lvmetad.service',
  'iscsid.service',
  'watchdog.service',
  'home.mount',
  'session-3.scope',
])('%s is never restarted, and it is said why', (unit) => {
  expect(protectionOf(unit)).toMatch(/\w+ \w+/);
});

it.each([
  'ssh.service',
  'cron.service',
  'nginx.service',
  'postgresql@15-main.service',
  'dbusx.service',
  'gdmap.service',
  'networkd-dispatcher.service',
])('nothing is known against %s, unless its other names say so', (unit) => {
  expect(protectionOf(unit)).toBeUndefined();
});
