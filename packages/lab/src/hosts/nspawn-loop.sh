#!/bin/sh
# Boots one host with systemd-nspawn(1), again whenever the guest asks for a reboot, until it is stopped.
# Usage: nspawn-loop.sh NAME FOLDER NETWORK_NAMESPACE [systemd-nspawn options]
# Leaves FOLDER.pid; while FOLDER.hold is there a host without power stays so, and FOLDER.off says that it is off.
# They are beside the disk, which may be full.
# Runs in a mount namespace of its own ("unshare --mount --propagation slave"), so that nothing of it is seen outside.
set -eu
name=$1 folder=$2 network=$3
shift 3

# One pure cgroup v2 for this host alone; hosts that share a cgroup collide.
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# Hosts of different worlds may have the same name.
group=/sys/fs/cgroup/lab-$(basename "$(dirname "$folder")")-$name
mkdir -p "$group"
echo $$ >"$group/cgroup.procs"
mkdir -p /run/systemd
mount -t tmpfs tmpfs /run/systemd
mkdir -p /run/systemd/nspawn

while :; do
	systemd-nspawn --register=no --keep-unit --quiet --machine="$name" --hostname="$name" \
		--directory="$folder/root" --boot --network-namespace-path="/run/netns/$network" \
		--console=pipe --kill-signal=SIGRTMIN+4 --link-journal=no --resolv-conf=off --timezone=off "$@" &
	echo $! >"$folder.pid"
	code=0
	wait $! || code=$?
	find "$group" -mindepth 1 -depth -type d ! -name supervisor -exec rmdir {} + 2>/dev/null || true
	# 133 is how nspawn says that the guest asked for a reboot.
	[ "$code" = 133 ] && continue
	# A power cut: the test decides when the host comes back.
	if [ -e "$folder.hold" ]; then
		: >"$folder.off"
		while [ -e "$folder.hold" ]; do sleep 0.02; done
		rm -f "$folder.off"
		continue
	fi
	exit "$code"
done
