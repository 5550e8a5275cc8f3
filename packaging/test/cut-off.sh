#!/bin/bash
# Installs a package of the agent in a private copy of this system, is cut off, and tries again. $1: deb, rpm or pacman,
# $2: the package, $3: an empty folder, whose content is gone afterwards. Says what it sees, a line each. Needs its own mount namespace.
set -euo pipefail
format=$1 package=$2 place=$3
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
mount -t tmpfs tmpfs "$place"
mkdir "$place/base"

# $1: what is below it; $2: name. Leaves it in $root.
lay() {
	mkdir "$place/$2" "$place/$2.work" "$place/$2.root"
	mount -t overlay overlay -o "lowerdir=$1,upperdir=$place/$2,workdir=$place/$2.work" "$place/$2.root"
	root=$place/$2.root
}

# A shell that counts the commands of the scripts of the package and kills itself (SIGKILL) before the one in /stop.
lay_shell() {
	cat >"$root/count" <<-'SCRIPT'
		read -r stop </stop
		n=0
		set -T
		trap '[ $((n += 1)) -ne "$stop" ] || kill -9 $$' DEBUG
	SCRIPT
	cat >"$root/shell" <<-'SCRIPT'
		#!/bin/bash
		case "$*" in
		*linux-patch-api.postinst* | */rpm-tmp* | *post_install* | *post_upgrade*)
			[ ! -e /stop ] || exec env BASH_ENV=/count bash "$@" ;;
		esac
		exec dash "$@"
	SCRIPT
	chmod 0755 "$root/shell"
	ln -sf /shell "$root/usr/bin/sh"
}

inside() {
	chroot "$root" "$@"
}

OWN='/etc/linux_patch_api /var/lib/linux_patch_api /var/lib/linux_patch_worker /var/log/linux_patch_api'
# Everything that the scripts decide about.
state() {
	inside find $OWN /var/lib -maxdepth 1 -name '*linux*patch*' -printf '%p\n' | sort -u
	inside find $OWN -printf '%p %m %u:%g %y\n' | sort
	inside find $OWN -type f -exec sha256sum {} + | sort
	inside getent passwd linux-patch-api | cut -d: -f1,6,7
	inside getent group linux-patch-api | cut -d: -f1
}

as_before() {
	inside mkdir -p -m 0700 /var/lib/linux_patch_api/jobs
	inside mkdir -p /etc/linux_patch_api/certs /var/log/linux_patch_api /srv/patch-log
	inside mkdir -p -m 0700 /srv/patch-jobs/work
	inside touch /srv/patch-log/audit.log /srv/patch-log/other
	inside sh -c 'cd /srv/patch-jobs/work && ln -s /etc/shadow link'
	inside sh -c 'umask 077; printf "jobs: { storage_path: /srv/patch-jobs }\nlogging: { file_path: /srv/patch-log/audit.log }\n" >/etc/linux_patch_api/config.yaml; echo key >/etc/linux_patch_api/certs/server.key.pem'
}

finish_deb() {
	# Of the first try only what the script did counts.
	inside dpkg --force-depends --configure -a
}

case $format in
deb)
	lay / base.deb
	lay_shell
	as_before
	mkdir -p "$place/earlier/DEBIAN"
	printf '%s\n' 'Package: linux-patch-api' 'Version: 1.2.0-1' 'Architecture: amd64' 'Maintainer: Nobody <nobody@example.test>' 'Description: earlier' >"$place/earlier/DEBIAN/control"
	dpkg-deb -Znone -b "$place/earlier" "$root/earlier.deb" >/dev/null
	cp "$package" "$root/package.deb"
	inside dpkg --force-depends --install /earlier.deb >/dev/null
	inside dpkg --force-depends --unpack /package.deb >/dev/null
	rm "$root/package.deb"
	base=$place/base.deb:/
	lay "$base" uncut
	# As after a power cut between the two, when the host boots.
	inside /usr/lib/linux-patch-api/owners 2>&1
	echo "elsewhere: $(inside stat -c '%n %U,' /srv/patch-jobs /srv/patch-jobs/work /srv/patch-log /srv/patch-log/audit.log /etc/shadow | tr '\n' ' ')"
	echo "started before it was configured: $(inside stat -c '%U' /etc/linux_patch_api/certs/server.key.pem)"
	lay "$base" whole
	finish_deb >/dev/null
	state >"$place/expected"
	for ((step = 1; ; step++)); do
		lay "$base" "at$step"
		echo "$step" >"$root/stop"
		if finish_deb >/dev/null 2>&1; then break; fi
		[ "$(inside dpkg-query -W -f '${Status}' linux-patch-api)" = 'install ok half-configured' ] || echo "step $step: not half-configured"
		rm "$root/stop"
		finish_deb >/dev/null
		state | diff "$place/expected" - >"$place/differs" || sed "s/^/step $step: /" "$place/differs"
		umount "$root"
		rm -rf "$place/at$step" "$place/at$step.work"
	done
	echo "steps: $((step - 1))"
	umount "$place/whole.root"
	base=$place/whole:$base
	lay "$base" removed
	inside dpkg --remove linux-patch-api >/dev/null 2>&1
	cp "$package" "$root/package.deb"
	inside dpkg --force-depends --unpack /package.deb >/dev/null
	rm "$root/package.deb"
	umount "$root"
	for step in 20 30 40; do
		lay "$place/removed:$base" "after$step"
		echo "$step" >"$root/stop"
		if finish_deb >/dev/null 2>&1; then echo "step $step after a removal: not cut off"; fi
		rm "$root/stop"
		finish_deb >/dev/null
		echo "enabled after a removal: $(inside find /etc/systemd/system -name linux-patch-api.service | wc -l)"
		umount "$root"
	done
	;;
rpm | pacman)
	file=/package.${package##*.}
	lay / base.other
	cp "$package" "$root$file"
	# Without a look at the mounts of this system, of which a private copy knows nothing.
	printf '[options]\nArchitecture = auto\nSigLevel = Never\n' >"$root/pacman.conf"
	lay_shell
	for step in 1 20 1000; do
		lay "$place/base.other:/" "at$step"
		echo "$step" >"$root/stop"
		install() {
			if [ "$format" = rpm ]; then
				inside rpm -U --nodeps --replacepkgs "$file" 2>&1
			else
				inside pacman --config /pacman.conf -U -dd --noconfirm "$file" 2>&1
			fi
		}
		before=$(install || true)
		rm "$root/stop"
		after=$(install)
		case $before in *'Three ways'*) cut=whole ;; *) cut=cut ;; esac
		case $after in *'Three ways'*) again=first ;; *) again=again ;; esac
		echo "step $step: $cut, then $again, mark: $(ls -A "$root/var/lib" | grep -c '^\.linux-patch-api' || true)"
		umount "$root"
	done
	;;
esac
