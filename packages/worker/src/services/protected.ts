/** By the name of a unit without its kind: what is never restarted from outside, and why, as a clause. */
const PROTECTED: readonly (readonly [RegExp, string])[] = [
  [/^linux-patch-/, 'it is a part of Linux Patch, which would cut off its own work'],
  [
    /^(systemd-|initrd-|dracut-|plymouth|(rescue|emergency|debug-shell|init|udev|eudev)$)/,
    'it is a part of systemd, or of how this host starts and stops; a reboot takes up its new code',
  ],
  [
    /^(dbus([-@.]|$)|elogind$|seatd$)/,
    'what talks over it, the log-in service among it, would be cut off; a reboot takes up its new code',
  ],
  [
    /^(user@|user-runtime-dir@|([a-z]+-)?getty@|console-getty$|autovt@|display-manager$|(gdm3?|sddm|lightdm|lxdm|[xwk]dm|slim|nodm|greetd|ly)(@|$)|xrdp)/,
    'sessions of people who are logged in would end with it',
  ],
  [
    /^(networking$|network$|NetworkManager|wpa_supplicant|iwd$|connman|dhcpcd|dhclient|ifup@|netctl|netplan|wicked|wg-quick@|openvpn|strongswan|ipsec$)/,
    'this host may be reached through it, and not come back',
  ],
  [
    /^(iscsi|open-iscsi|multipathd$|lvm2-|dm-event|mdmonitor|drbd|nbd|watchdog$|wd_keepalive$|sbd$)/,
    'the disks of this host, or that it keeps running, may hang on it',
  ],
];

/** What holds something else than programs: a restart takes it away from whoever uses it. */
const HOLDING = /\.(mount|automount|swap|device|scope|slice)$/;

/** Why a unit is never restarted from outside, as a clause; undefined where nothing is known against it. */
export function protectionOf(unit: string): string | undefined {
  const name = unit.slice(0, unit.lastIndexOf('.'));
  const [, reason] = PROTECTED.find(([pattern]) => pattern.test(name)) ?? [];
  return reason ?? (HOLDING.test(unit) ? 'what it holds may be in use' : undefined);
}
