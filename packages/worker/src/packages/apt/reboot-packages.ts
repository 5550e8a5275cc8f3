/** Kernels of every flavour, and what comes with them. */
const KERNEL =
  /^(linux-(image|modules|signed-image)|pve-kernel|proxmox-kernel|xen-hypervisor)-|^(raspberrypi-kernel|linux-image)$/;

/** What runs from the start of a host to its end, and what only a start loads. */
const OTHERS = [
  /^(intel|amd64)-microcode$/,
  /^(linux-firmware|firmware-)/,
  // They copy what starts a Raspberry Pi to /boot/firmware.
  /^(raspi3?-firmware|raspberrypi-bootloader)$/,
  /^libc6(\.1)?(-[a-z0-9]+)?$/,
  /^(lib)?systemd(0|-shared|-sysv)?$/,
  /^(udev|dbus|dbus-daemon|dbus-broker|libdbus-1-3)$/,
  /^(sysvinit-core|openrc|runit-init)$/,
];

/** Companions that nothing runs from. */
const COMPANION = /-(dbg|dbgsym|doc|dev|headers|source|tools|cross)$/;

/** Whether a package is a kernel or belongs to one. */
export function isKernel(name: string): boolean {
  return KERNEL.test(name) && !COMPANION.test(name);
}

/** Whether a new version of this package is in use only after a reboot. */
export function asksForReboot(name: string): boolean {
  return isKernel(name) || (OTHERS.some((pattern) => pattern.test(name)) && !COMPANION.test(name));
}
