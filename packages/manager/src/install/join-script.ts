/**
 * What the line of `install-line` runs on a host. With apt it uses what every such host has (dash, apt, and gpgv or sqv) and
 * sets the manager's repository up; with dnf, zypper or pacman it needs curl and gpgv or gpg as well, and installs one file whose
 * hash is signed. Standard input is the join string; arguments are the manager's URL, the SHA-256 of its CA and the
 * fingerprint of the release key. Until all three are proven nothing on the host is changed, and what does not come to its
 * end, or is broken off, leaves the host as it was: the line is pasted on hosts that serve already, too, when the CA was replaced.
 */
export const JOIN_SCRIPT = `#!/bin/sh
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

# What this host calls itself counts more than what it is like (os-release(5)).
kind=
for word in $({ sed -n 's/^ID=//p' /etc/os-release && sed -n 's/^ID_LIKE=//p' /etc/os-release; } | tr -d '\\042\\047'); do
  case "$word" in
    debian | ubuntu | raspbian | linuxmint | pop | kali | devuan) kind=apt ;;
    fedora | rhel | centos | rocky | almalinux | ol | amzn | azurelinux | openeuler) kind=dnf ;;
    suse | opensuse | opensuse-leap | opensuse-tumbleweed | sles | sled) kind=zypper ;;
    arch | archarm | manjaro | endeavouros) kind=pacman ;;
    # They are like others, and installed in another way.
    opensuse-microos | opensuse-leap-micro | opensuse-aeon | opensuse-kalpa | sle-micro | sl-micro) ;;
    *) continue ;;
  esac
  break
done
case "$kind" in
  '') stop "What this host is (ID in /etc/os-release) is none of the systems that this line is for: those with apt, dnf, zypper or pacman. $unchanged" ;;
  apt) program=/usr/lib/apt/apt-helper ;;
  *) program=$kind ;;
esac
for needed in "$program" $([ "$kind" = apt ] || echo curl sha256sum); do
  command -v "$needed" >/dev/null || stop "This host has no $needed, which this line needs. $unchanged"
done
if [ "$kind" = apt ]; then
  arch=$(dpkg --print-architecture)
  offer=apt/$arch signed=Release
else
  arch=$(uname -m)
  offer=packages/$arch signed=SHA256SUMS
fi

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
has_hash() {
  printf '%s  %s\\n' "$2" "$1" | sha256sum -c >"$work/said" 2>&1
}
get() {
  if [ "$kind" = apt ]; then
    /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 -o "Acquire::https::CaInfo=$work/ca.pem" download-file "$1" "$2" >"$work/said" 2>&1
  else
    curl -fsS --proto =https --retry 3 --cacert "$work/ca.pem" -o "$2" "$1" >"$work/said" 2>&1
  fi
}
# Only the hash of what comes is believed.
get_unproven() {
  if [ "$kind" = apt ]; then
    /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Acquire::https::Verify-Peer=false -o Acquire::https::Verify-Host=false \\
      download-file "$1" "$2" "SHA256:$3" >"$work/said" 2>&1
  else
    curl -fsSk --proto =https --retry 3 -o "$2" "$1" >"$work/said" 2>&1 && has_hash "$2" "$3"
  fi
}

case "$kind $url" in
  'apt https://['*) stop "apt can be told the CA of a name or of an IPv4 address only; make the line with: install-line --url. $unchanged" ;;
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
get_unproven "$url/api/v1/pki/ca.pem" "$work/ca.pem" "$ca" ||
  stop "The CA of the manager at $url is not the one that this line names, or it does not answer:" "$(cat "$work/said")" "Make a new line on the manager if its CA was replaced. $unchanged"

# Its packages are signed by the release key, which the manager itself does not have.
for file in release-key.gpg "$signed" "$signed.gpg"; do
  get "$url/install/$offer/$file" "$work/$file" ||
    stop "The manager offers no packages for $arch:" "$(cat "$work/said")" "$unchanged"
done
if command -v gpgv >"$work/said"; then
  signers=$(gpgv --status-fd 1 --keyring "$work/release-key.gpg" "$work/$signed.gpg" "$work/$signed" 2>"$work/said" |
    sed -n 's/^\\[GNUPG:\\] VALIDSIG .* \\([0-9A-F]*\\)$/\\1/p')
elif command -v sqv >"$work/said"; then
  signers=$(sqv --keyring "$work/release-key.gpg" --signature-file "$work/$signed.gpg" "$work/$signed" 2>"$work/said" || true)
elif command -v gpg >"$work/said"; then
  mkdir "$work/gnupg"
  signers=$(gpg --homedir "$work/gnupg" --batch --no-autostart --status-fd 1 --no-default-keyring --keyring "$work/release-key.gpg" --verify "$work/$signed.gpg" "$work/$signed" 2>"$work/said" |
    sed -n 's/^\\[GNUPG:\\] VALIDSIG .* \\([0-9A-F]*\\)$/\\1/p')
else
  stop "This host has none of gpgv, sqv and gpg to check a signature with. $unchanged"
fi
case "$signers" in
  *"$key"*) ;;
  *) stop "The packages of $url are not signed by the release key $key:" "$(cat "$work/said")" "$unchanged" ;;
esac

# A package for the others is proven here, and then installed from this disk.
if [ "$kind" != apt ]; then
  case "$kind" in
    pacman) ending='pkg\\.tar\\.[a-z]*' ;;
    *) ending=rpm ;;
  esac
  package=$(sed -n "s/^[0-9a-f]\\{64\\}  \\(linux-patch-api-[0-9][A-Za-z0-9.+~_-]*\\.$ending\\)$/\\1/p" "$work/$signed" | sort -V | tail -n 1)
  [ -n "$package" ] || stop "The manager offers no package of linux-patch-api for $kind and $arch. $unchanged"
  get "$url/install/$offer/$package" "$work/$package" ||
    stop "The package $package does not come from $url:" "$(cat "$work/said")" "$unchanged"
  has_hash "$work/$package" "$(sed -n "s/^\\([0-9a-f]*\\)  $package$/\\1/p" "$work/$signed")" ||
    stop "The package $package that came from $url is not the one that was signed:" "$(cat "$work/said")" "$unchanged"
fi

# From here on the host is changed; what does not lead to an installed agent is taken back.
keyring=/etc/apt/keyrings/linux-patch.gpg
roots=/etc/apt/keyrings/linux-patch-manager.pem
source=/etc/apt/sources.list.d/linux-patch.sources
conf=/etc/apt/apt.conf.d/80linux-patch
pin=/etc/apt/preferences.d/linux-patch
joinfile=/etc/linux_patch_api/join
files=$joinfile
[ "$kind" != apt ] || files="$source $conf $pin $keyring $roots $joinfile"
mkdir "$work/before"
for file in $files; do
  [ ! -e "$file" ] || cp -p "$file" "$work/before/"
done
took_back() {
  stop "$@" "What was set up for it is taken back; mend that and paste the line again."
}
changed=$files
put() {
  install -D -m "$1" /dev/stdin "$2"
}
set_apt_up() {
  rest=\${url#https://}
  host=\${rest%%[:/]*}
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
}
[ "$kind" != apt ] || set_apt_up
printf '%s\\n' "$join" | put 600 "$joinfile"
export LINUX_PATCH_MANAGER_URL=$url
case "$kind" in
  apt) apt-get install -y -qq -o DPkg::Lock::Timeout=300 linux-patch-api ;;
  dnf) dnf -y install "$work/$package" ;;
  zypper) zypper -n install --allow-unsigned-rpm "$work/$package" ;;
  pacman) pacman --noconfirm -U "$work/$package" ;;
esac >"$work/said" 2>&1 || took_back "linux-patch-api could not be installed:" "$(cat "$work/said")"
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
