/**
 * What the line of `install-line` runs on a host with apt. It uses what every such host has (dash, apt, and gpgv or sqv)
 * and nothing else. Standard input is the join string; arguments are the manager's URL, the SHA-256 of its CA and the
 * fingerprint of the release key. Until all three are proven nothing on the host is changed, and what does not come to its
 * end, or is broken off, leaves the host as it was: the line is pasted on hosts that serve already, too, when the CA was replaced.
 */
export const APT_JOIN_SCRIPT = `#!/bin/sh
set -eu
umask 077
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
url=$1 ca=$2 key=$3

stop() {
  printf 'linux-patch: %s\\n' "$@" >&2
  exit 1
}
unchanged='Nothing was changed on this host.'

IFS= read -r join || true
[ -n "$join" ] || stop "No join string came on standard input. $unchanged"
[ "$(id -u)" = 0 ] || stop "Only root can install packages; paste the line into a shell of root. $unchanged"
[ -x /usr/lib/apt/apt-helper ] || stop "This host has no apt, and this line is for hosts with apt. $unchanged"
arch=$(dpkg --print-architecture)

work=$(mktemp -d)
changed=
# This file lies in a folder that the line made for it alone.
end() {
  for file in $changed; do
    rm -f "$file"
    [ ! -e "$work/before/\${file##*/}" ] || cp -p "$work/before/\${file##*/}" "$file"
  done
  rm -rf "$work" "$0"
  rmdir "\${0%/*}" 2>/dev/null || true
}
trap end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
get() {
  /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@" >"$work/said" 2>&1
}

case "$url" in
  'https://['*) stop "apt can be told the CA of a name or of an IPv4 address only; make the line with: install-line --url. $unchanged" ;;
esac

# A host has one manager.
if command -v linux-patch-api >"$work/said"; then
  belongs=$(linux-patch-api status 2>"$work/said" | sed -n 's/^Manager  *\\(https:[^ ]*\\).*$/\\1/p')
  case "\${belongs%/}" in
    '' | "$url") ;;
    *) stop "This host is set up for the manager at $belongs (enrollment.manager_url in /etc/linux_patch_api/config.yaml)." "If that is the same one, make the line with: install-line --url $belongs" "If not, let the host leave it first (linux-patch-api leave) and write $url there. $unchanged" ;;
  esac
fi

# The manager is the one whose CA the line names.
get -o Acquire::https::Verify-Peer=false -o Acquire::https::Verify-Host=false \\
  download-file "$url/api/v1/pki/ca.pem" "$work/ca.pem" "SHA256:$ca" ||
  stop "The CA of the manager at $url is not the one that this line names, or it does not answer:" "$(cat "$work/said")" "Make a new line on the manager if its CA was replaced. $unchanged"

# Its packages are signed by the release key, which the manager itself does not have.
for file in release-key.gpg Release Release.gpg; do
  get -o "Acquire::https::CaInfo=$work/ca.pem" download-file "$url/install/apt/$arch/$file" "$work/$file" ||
    stop "The manager offers no packages for $arch:" "$(cat "$work/said")" "$unchanged"
done
if command -v gpgv >"$work/said"; then
  signers=$(gpgv --status-fd 1 --keyring "$work/release-key.gpg" "$work/Release.gpg" "$work/Release" 2>"$work/said" |
    sed -n 's/^\\[GNUPG:\\] VALIDSIG .* \\([0-9A-F]*\\)$/\\1/p')
elif command -v sqv >"$work/said"; then
  signers=$(sqv --keyring "$work/release-key.gpg" --signature-file "$work/Release.gpg" "$work/Release" 2>"$work/said" || true)
else
  stop "This host has neither gpgv nor sqv to check a signature with. $unchanged"
fi
case "$signers" in
  *"$key"*) ;;
  *) stop "The packages of $url are not signed by the release key $key:" "$(cat "$work/said")" "$unchanged" ;;
esac

# From here on the host is changed; what does not lead to an installed agent is taken back.
rest=\${url#https://}
host=\${rest%%[:/]*}
keyring=/etc/apt/keyrings/linux-patch.gpg
roots=/etc/apt/keyrings/linux-patch-manager.pem
source=/etc/apt/sources.list.d/linux-patch.sources
conf=/etc/apt/apt.conf.d/80linux-patch
pin=/etc/apt/preferences.d/linux-patch
joinfile=/etc/linux_patch_api/join
mkdir "$work/before"
for file in "$source" "$conf" "$pin" "$keyring" "$roots" "$joinfile"; do
  [ ! -e "$file" ] || cp -p "$file" "$work/before/"
done
took_back() {
  stop "$@" "What was set up for it is taken back; mend that and paste the line again."
}
changed="$source $conf $pin $keyring $roots $joinfile"
put() {
  install -D -m "$1" /dev/stdin "$2"
}
put 644 "$keyring" <"$work/release-key.gpg"
put 644 "$roots" <"$work/ca.pem"
put 644 "$conf" <<CONF
// Packages of linux-patch come from the manager, which its own CA proves.
Acquire::https::$host::CaInfo "$roots";
CONF
put 644 "$pin" <<PIN
Explanation: from the manager come packages of linux-patch and nothing else
Package: *
Pin: release o=Linux Patch
Pin-Priority: -10

Package: linux-patch-*
Pin: release o=Linux Patch
Pin-Priority: 500
PIN
put 644 "$source" <<SOURCE
Types: deb
URIs: $url/install/apt
Suites: $arch/
Signed-By: $keyring $key
SOURCE
tries=0
until apt-get update -qq -o Dir::Etc::SourceList="$source" -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=false -o APT::Update::Error-Mode=any >"$work/said" 2>&1; do
  tries=$((tries + 1))
  # A host that was started just now often does the same by itself.
  if [ "$tries" -gt 150 ] || ! grep -q 'get lock' "$work/said"; then
    took_back "apt does not take the packages of $url:" "$(cat "$work/said")"
  fi
  sleep 2
done
printf '%s\\n' "$join" | put 600 "$joinfile"
LINUX_PATCH_MANAGER_URL=$url apt-get install -y -qq -o DPkg::Lock::Timeout=300 linux-patch-api >"$work/said" 2>&1 ||
  took_back "linux-patch-api could not be installed:" "$(cat "$work/said")"
changed=

# A start that found no join string before is made again.
systemctl restart linux-patch-api 2>"$work/said" || true
tries=0
until linux-patch-api status >"$work/said" 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -gt 60 ]; then
    cat "$work/said"
    stop "The agent is installed and not joined yet; it goes on trying by itself. Look again with: linux-patch-api status"
  fi
  sleep 2
done
printf 'linux-patch: This host is joined to %s.\\n' "$url"
`;
