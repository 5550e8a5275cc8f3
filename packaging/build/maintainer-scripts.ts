import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramPackage } from '../programs.ts';

function functionsOf(program: ProgramPackage, root: string): string {
  return readFileSync(join(root, 'packaging', program.folder, 'functions.sh'), 'utf8').trimEnd();
}

// The user as whom the new unit runs is there before the unit is: an installation that is cut off in between leaves a service
// that starts. Where it could not be made, the script after the installation says so.
const MAKE_ACCOUNT = 'make_account >/dev/null 2>&1 || true';

/**
 * What stands on the disk from before the first installation until it is done. dpkg knows of one that was cut off; rpm and
 * pacman take the next try for an upgrade, which enables and starts nothing.
 */
function firstMark(program: ProgramPackage): string {
  return `/var/lib/.${program.name}.first`;
}

/** Scripts of a .deb by name (Debian policy §6). */
export function debianScripts(program: ProgramPackage, root: string): Readonly<Record<string, string>> {
  const start = `#!/bin/sh\nset -e\n${functionsOf(program, root)}\n`;
  // A package that was removed and not purged comes back as if it were new; dpkg alone does not tell (policy §6.5).
  const marker = `/var/lib/${program.name.replaceAll('-', '_')}/.removed`;
  return {
    preinst: `${start}
${MAKE_ACCOUNT}
`,
    postinst: `${start}
case "$1" in
configure)
	if [ -z "$2" ] || [ -e ${marker} ]; then
		after_install first
		rm -f ${marker}
	else
		after_install again
	fi
	;;
abort-upgrade | abort-remove | abort-deconfigure)
	after_install again
	;;
esac
`,
    prerm: `${start}
if [ "$1" = remove ]; then
	before_removal
	# Never what a link leads to: the folder is not root's.
	[ ! -d ${marker.replace(/\/[^/]*$/, '')} ] || (set -C && : >${marker}) 2>/dev/null || true
fi
`,
    postrm: `${start}
case "$1" in
remove) after_removal ;;
purge) purge ;;
esac
`,
  };
}

/** Scriptlets of an .rpm; the argument is the number of packages that are left afterwards. */
export function rpmScriptlets(program: ProgramPackage, root: string): Readonly<Record<string, string>> {
  const functions = functionsOf(program, root);
  const mark = firstMark(program);
  return {
    pre: `${functions}\n[ "$1" != 1 ] || : >${mark}\n${MAKE_ACCOUNT}\n`,
    post: `${functions}\nif [ "$1" = 1 ] || [ -e ${mark} ]; then after_install first; else after_install again; fi\nrm -f ${mark}\n`,
    preun: `${functions}\nif [ "$1" = 0 ]; then before_removal; fi\n`,
    postun: `${functions}\nif [ "$1" = 0 ]; then after_removal; rm -f ${mark}; fi\n`,
  };
}

/** The `.INSTALL` script of a pacman package (PKGBUILD(5), "Install/Upgrade/Remove Scripting"). */
export function pacmanScript(program: ProgramPackage, root: string): string {
  const mark = firstMark(program);
  return `${functionsOf(program, root)}

pre_install() {
	: >${mark}
	${MAKE_ACCOUNT}
}

post_install() {
	after_install first
	rm -f ${mark}
}

pre_upgrade() {
	${MAKE_ACCOUNT}
}

post_upgrade() {
	if [ -e ${mark} ]; then after_install first; else after_install again; fi
	rm -f ${mark}
}

pre_remove() {
	before_removal
}

post_remove() {
	after_removal
	rm -f ${mark}
}
`;
}
