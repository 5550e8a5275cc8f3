# What the maintainer scripts of every package format do for the manager. Nothing here asks a question, and everything works
# in an image that is being built, where no init system runs.
SERVICE=linux-patch-manager
# As whom the server runs.
ACCOUNT=linux-patch-manager
CONFIG=/etc/linux_patch_manager
DATA=/var/lib/linux_patch_manager
DEFAULTS=/usr/share/linux-patch-manager
DEFAULT_FILE=/etc/default/linux-patch-manager

say() {
	echo "linux-patch-manager: $*"
}

systemd_runs() {
	[ -d /run/systemd/system ]
}

# The account owns nothing yet: systemd gives it the data folder at each start (StateDirectory), also that of a manager which ran as root.
make_account() {
	getent passwd $ACCOUNT >/dev/null 2>&1 && return 0
	if getent group $ACCOUNT >/dev/null 2>&1; then group="--gid $ACCOUNT"; else group=--user-group; fi
	useradd --system $group --no-create-home --home-dir "$DATA" --shell /usr/sbin/nologin $ACCOUNT && return 0
	say "the account $ACCOUNT, as which the server runs, could not be made; make it and install the package again" >&2
	return 1
}

# $1: first or again
after_install() {
	make_account
	[ -d "$CONFIG" ] || mkdir -p -m 0755 "$CONFIG"
	[ -d "$DATA" ] || mkdir -p -m 0700 "$DATA"
	systemd_runs && { systemctl daemon-reload || true; }
	if [ "$1" = first ] && command -v systemctl >/dev/null 2>&1; then
		systemctl enable --quiet $SERVICE.service >/dev/null 2>&1 || true
	fi
	if [ -e "$DATA/ca/root.pem" ] || [ -e "$DATA/ca/issuing.pem" ]; then
		if systemd_runs; then
			if [ "$1" = first ]; then action=start; else action=try-restart; fi
			# One that has failed is tried with what is installed now; one that somebody has stopped stays so.
			if systemctl --quiet is-failed $SERVICE.service; then
				systemctl reset-failed $SERVICE.service || true
				action=start
			fi
			systemctl --no-block $action $SERVICE.service || say "the service could not be started; see: systemctl status $SERVICE" >&2
		fi
	elif kept=$(last_kept) && [ -n "$kept" ]; then
		say "installed and enabled, but not started: keys and database of the manager that was purged here are in $kept"
		say "to use them again, so that no host has to join again (for a new authority instead: linux-patch-manager init):"
		way_back "$kept"
	else
		cat <<-TEXT
			linux-patch-manager is installed and enabled, but not started: it has no certificate authority yet.
			  1. linux-patch-manager init --url https://$(hostname -f 2>/dev/null || hostname):8443
			  2. systemctl start $SERVICE
		TEXT
	fi
	return 0
}

before_removal() {
	if systemd_runs; then
		systemctl disable --quiet --now $SERVICE.service || true
	elif command -v systemctl >/dev/null 2>&1; then
		systemctl disable --quiet $SERVICE.service >/dev/null 2>&1 || true
	fi
}

after_removal() {
	systemd_runs && { systemctl daemon-reload || true; }
	return 0
}

# Whether there is anything that a fleet depends on: keys of a certificate authority, or a database with something in it.
has_fleet() {
	[ -n "$(find "$DATA" -name '*.key.pem' 2>/dev/null | head -n 1)" ] || [ -s "$DATA/manager.sqlite" ]
}

# The folder of the newest purge that left something, or nothing.
last_kept() {
	# Names end with the time, so the last of the sorted ones is the newest.
	for kept in "$DATA".kept-*; do :; done
	[ ! -d "$kept" ] || echo "$kept"
}

# Commands that bring a purged manager back, once the package is installed. $1: where it is kept
way_back() {
	[ "$1" = "$DATA" ] || echo "  mv -T $1 $DATA"
	[ ! -d "$1/purged-configuration/${CONFIG##*/}" ] || echo "  mv -T $DATA/purged-configuration/${CONFIG##*/} $CONFIG"
	[ ! -e "$1/purged-configuration/default" ] || echo "  mv $DATA/purged-configuration/default $DEFAULT_FILE"
	echo "  systemctl restart $SERVICE"
}

# Keys of the authority, database and configuration stay, in a folder that only root can read, unless somebody asked for
# their end: without them every host has to join again, and no package manager asks before a purge.
purge() {
	if [ "${LINUX_PATCH_MANAGER_PURGE:-}" != everything ] && [ ! -e "$CONFIG/purge-everything" ] && has_fleet; then
		kept="$DATA.kept-$(date -u +%Y%m%dT%H%M%SZ)"
		while [ -e "$kept" ]; do kept="$kept.again"; done
		# A later account could have the number of this one; it does not get past the folder itself.
		chown root:root "$DATA"
		chmod 0700 "$DATA"
		rm -f "$DATA/.removed"
		# A mount point cannot be moved: what is on it stays where it is.
		mv -T "$DATA" "$kept" 2>/dev/null || kept=$DATA
		mkdir -p -m 0700 "$kept/purged-configuration"
		[ ! -d "$CONFIG" ] || mv "$CONFIG" "$kept/purged-configuration/"
		[ ! -e "$DEFAULT_FILE" ] || mv "$DEFAULT_FILE" "$kept/purged-configuration/default"
		say "the keys of the certificate authority, the database and the configuration are kept in $kept"
		say "whoever has them owns the fleet; to use them again, install the package, and then:"
		way_back "$kept"
	else
		rm -rf "$CONFIG" "$DATA"
	fi
	rm -f "$DEFAULT_FILE"
	userdel $ACCOUNT >/dev/null 2>&1 || true
	if systemd_runs; then
		systemctl reset-failed $SERVICE.service >/dev/null 2>&1 || true
		systemctl daemon-reload || true
	fi
}
