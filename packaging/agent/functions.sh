# What the maintainer scripts of every package format do for the agent. Nothing here asks a question, and everything works in
# an image that is being built, where no init system runs.
SERVICE=linux-patch-api
SOCKETS='linux-patch-worker.socket linux-patch-refresh.socket'
# As whom the agent runs under systemd.
ACCOUNT=linux-patch-api
CONFIG=/etc/linux_patch_api
CERTS=$CONFIG/certs
DATA=/var/lib/linux_patch_api
ACCEPTED=/var/lib/linux_patch_worker
LOGS=/var/log/linux_patch_api
DEFAULTS=/usr/share/linux-patch-api

say() {
	echo "linux-patch-api: $*"
}

make_account() {
	getent passwd $ACCOUNT >/dev/null 2>&1 && return 0
	if getent group $ACCOUNT >/dev/null 2>&1; then group="--gid $ACCOUNT"; else group=--user-group; fi
	useradd --system $group --no-create-home --home-dir "$DATA" --shell /usr/sbin/nologin $ACCOUNT && return 0
	say "the user $ACCOUNT, as whom the agent runs, could not be made; make it and install the package again" >&2
	return 1
}

# A folder of the agent with its mode; one that is there keeps what an administrator made of it.
make_folder() {
	[ -d "$2" ] || mkdir -p -m "$1" "$2"
}

# A configuration file only where there is none. Root's, and the agent reads it.
make_file() {
	[ -e "$2" ] && return 0
	(umask 077 && cat "$1" >"$2.new") && chgrp $ACCOUNT "$2.new" && chmod 0640 "$2.new" && mv "$2.new" "$2"
}

# Whether a text is the URL of a manager: scheme, name or address, perhaps a port, and nothing that means something in YAML.
# Characters are listed one by one: ranges follow the locale, and grep would look at each line of a text by itself.
is_manager_url() {
	case $1 in
	http://*) host=${1#http://} ;;
	https://*) host=${1#https://} ;;
	*) return 1 ;;
	esac
	host=${host%/} host=${host%/api/v1/enroll} host=${host%/api/v1}
	name=${host%%:*} address=:: port=${host#"$name"}
	case $host in
	\[*) name=address address=${host#?} address=${address%%]*} port=${host#"[$address]"} ;;
	esac
	case $name in
	'' | [-.]* | *[!abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-]*) return 1 ;;
	esac
	case $address in
	'' | *[!abcdefABCDEF0123456789:.]*) return 1 ;;
	esac
	case $port in
	'' | :[0123456789]*) ;;
	*) return 1 ;;
	esac
	case ${port#:} in
	??????* | *[!0123456789]*) return 1 ;;
	esac
}

# LINUX_PATCH_MANAGER_URL=https://… apt install ./….deb
configure_url() {
	[ -n "${LINUX_PATCH_MANAGER_URL:-}" ] || return 0
	if ! (is_manager_url "$LINUX_PATCH_MANAGER_URL"); then
		say "LINUX_PATCH_MANAGER_URL is not the URL of a manager (https://NAME:PORT) and was not used." >&2
	elif has_url; then
		say "$CONFIG/config.yaml names a manager already; LINUX_PATCH_MANAGER_URL was not used."
	elif grep -q '^enrollment' "$CONFIG/config.yaml"; then
		say "$CONFIG/config.yaml has an enrollment section; add manager_url: \"$LINUX_PATCH_MANAGER_URL\" to it." >&2
	else
		printf '\nenrollment:\n  manager_url: "%s"\n' "$LINUX_PATCH_MANAGER_URL" >>"$CONFIG/config.yaml"
	fi
}

has_certificates() {
	[ -s "$CERTS/ca.pem" ] && [ -s "$CERTS/server.pem" ] && [ -s "$CERTS/server.key.pem" ]
}

has_url() {
	grep -Eq '^[^#]*manager_url:[[:space:]]*"?https?://' "$CONFIG/config.yaml" 2>/dev/null ||
		grep -Eq '^LINUX_PATCH_MANAGER_URL=.' /etc/default/linux-patch-api 2>/dev/null
}

guidance() {
	cat <<-TEXT
		linux-patch-api is installed and enabled, but not started: it has no certificates and knows no manager.
		Three ways to go on:
		  1. name the manager: put  enrollment: { manager_url: "https://MANAGER:8443" }  into $CONFIG/config.yaml,
		     then start the service; it asks the manager to join by itself. With a join string of the manager in
		     $CONFIG/join (mode 0600) nobody has to approve it
		  2. enrol once by hand:  linux-patch-api --enroll https://MANAGER:8443
		  3. copy ca.pem, server.pem and server.key.pem (mode 0600) to $CERTS and start the service
	TEXT
}

systemd_runs() {
	[ -d /run/systemd/system ]
}

openrc_runs() {
	[ -e /run/openrc/softlevel ] && command -v rc-service >/dev/null 2>&1
}

# OpenRC's script comes to its place only where OpenRC is: beside systemd it would make "systemctl enable" fail.
install_init_script() {
	command -v openrc-run >/dev/null 2>&1 && ! command -v systemctl >/dev/null 2>&1 || return 0
	install -m 0755 $DEFAULTS/openrc.initd /etc/init.d/$SERVICE
}

# Enables for the next boot, also where nothing runs yet. $1: first or again
enable_service() {
	[ "$1" = first ] || return 0
	if command -v systemctl >/dev/null 2>&1; then
		systemctl enable --quiet $SERVICE.service >/dev/null 2>&1 ||
			say "the service could not be enabled; run: systemctl enable $SERVICE" >&2
	fi
	if [ -e /etc/init.d/$SERVICE ]; then
		rc-update --quiet add $SERVICE default >/dev/null 2>&1 || true
	fi
}

start_service() {
	if systemd_runs; then
		# One that has failed is tried with what is installed now; one that somebody has stopped stays so.
		if systemctl --quiet is-failed $SERVICE.service; then
			systemctl reset-failed $SERVICE.service || true
			set -- start
		fi
		systemctl --no-block "$1" $SERVICE.service || say "the service could not be started; see: systemctl status $SERVICE" >&2
	elif openrc_runs; then
		case $1 in
		start) rc-service --quiet $SERVICE start || true ;;
		*) rc-service --quiet --ifstarted $SERVICE restart || true ;;
		esac
	fi
}

# Where the agent asks for workers. Requests that are being answered, and jobs, are units of their own and go on.
start_sockets() {
	systemd_runs || return 0
	systemctl restart $SOCKETS || say "not all of $SOCKETS could be started, so nobody reads packages; see: systemctl status $SOCKETS" >&2
}

# $1: first or again
after_install() {
	make_account
	make_folder 0755 "$CONFIG"
	make_folder 0755 "$CERTS"
	make_folder 0700 "$DATA"
	make_folder 0700 "$ACCEPTED"
	make_folder 0750 "$LOGS"
	make_file $DEFAULTS/config.yaml "$CONFIG/config.yaml"
	make_file $DEFAULTS/whitelist.yaml "$CONFIG/whitelist.yaml"
	configure_url
	install_init_script
	systemd_runs && { systemctl daemon-reload || true; }
	enable_service "$1"
	start_sockets
	if [ "$1" = again ]; then
		# Package work that runs now has units of its own and goes on; the agent picks it up again.
		start_service try-restart
	elif has_certificates; then
		say "certificates are present; starting the service"
		start_service start
	elif has_url; then
		if [ -f "$CONFIG/join" ]; then
			say "a manager and a join string ($CONFIG/join) are there; the service starts and joins by itself."
			say "\"linux-patch-api status\" tells how far it is, and why when it has to wait for an administrator."
		else
			say "a manager is configured; the service starts and asks it to join. Approve this host on the manager with the code"
			say "that \"linux-patch-api status\" shows; \"systemctl status $SERVICE\" tells how far it is."
		fi
		start_service start
	else
		guidance
	fi
	return 0
}

before_removal() {
	if systemd_runs; then
		systemctl disable --quiet --now $SERVICE.service || true
		# Requests have nobody who waits for them any more. Jobs are other units, and are let finish.
		systemctl stop $SOCKETS 'linux-patch-worker@*.service' 'linux-patch-refresh@*.service' || true
	elif command -v systemctl >/dev/null 2>&1; then
		systemctl disable --quiet $SERVICE.service >/dev/null 2>&1 || true
	fi
	if openrc_runs; then
		rc-service --quiet --ifstarted $SERVICE stop || true
	fi
	if [ -e /etc/init.d/$SERVICE ]; then
		rc-update --quiet del $SERVICE default >/dev/null 2>&1 || true
		rm -f /etc/init.d/$SERVICE
	fi
}

after_removal() {
	if systemd_runs; then
		systemctl daemon-reload || true
		# One that had failed, or did not stop in time, would be shown for ever.
		systemctl reset-failed $SERVICE.service >/dev/null 2>&1 || true
	fi
	rm -rf /run/linux-patch /run/linux-patch-worker
	return 0
}

# Nothing stays: configuration, identity, jobs, logs. The program is gone by now, so the manager is not told here:
# "linux-patch-api leave" before the removal does that. Keys, codes and tokens are overwritten before they go.
purge() {
	if command -v shred >/dev/null 2>&1; then
		find "$CERTS" "$DATA/enrollment.json" "$CONFIG/config.yaml" -type f \
			\( -name '*key.pem*' -o -name enrollment.json -o -name config.yaml \) -exec shred -u {} + 2>/dev/null || true
	fi
	rm -rf "$CONFIG" "$DATA" "$ACCEPTED" "$LOGS" /etc/default/linux-patch-api
	rm -rf /var/lib/systemd/deb-systemd-helper-*/$SERVICE.service*
	userdel $ACCOUNT >/dev/null 2>&1 || true
}
