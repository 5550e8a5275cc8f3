/** What somebody is told who asks for a package for Alpine. */
export const WHY_NO_APK = [
  'No .apk is made. Alpine has the C library musl, and the Node that the packages bring along is built for glibc only; it cannot start there.',
  'Missing for Alpine: a Node 26 for musl, as an npm package or from its makers. Everything else is ready: the agent is JavaScript only,',
  'and every package has the OpenRC script /usr/share/linux-patch-api/openrc.initd. On glibc systems with OpenRC (Devuan, Gentoo, Artix, or',
  'Debian with OpenRC) the .deb and pacman packages install it as /etc/init.d/linux-patch-api and enable it.',
].join('\n');
