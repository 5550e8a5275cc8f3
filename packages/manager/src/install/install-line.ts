import { type InstallSources, PatchError } from '@linux-patch/contract';

/** Where the agent looks for a join string by itself. */
const JOIN_FILE = '/etc/linux_patch_api/join';

/** Both take a package of the host's own disk as it is. */
const RPM =
  'if command -v dnf >/dev/null; then dnf install -y "$1"; else zypper -n install --allow-unsigned-rpm "$1"; fi';

const INSTALLERS: readonly (readonly [ending: RegExp, install: (file: string) => string])[] = [
  [/\.deb$/, (file) => `apt-get install -y ${file}`],
  [/\.rpm$/, (file) => `sh -c '${RPM}' sh ${file}`],
  [/\.pkg\.tar\.(zst|xz|gz)$/, (file) => `pacman -U --noconfirm ${file}`],
];

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Makes what to paste for one host. */
export type LineFor = (host: { readonly managerUrl: string; readonly joinString: string }) => string;

const APT_HELPER = '/usr/lib/apt/apt-helper';
const UNPROVEN =
  '-qq -o APT::Sandbox::User=root -o Acquire::https::Verify-Peer=false -o Acquire::https::Verify-Host=false';

/**
 * What to paste into a root shell of a new host: fetches the manager's script, whose hash it carries, and gives it
 * the join string on standard input, so that no argument list ever shows it. The script proves the manager by the hash of
 * its CA, and the packages by the release key, before it changes anything.
 */
export function joinLine({
  script_sha256: script,
  ca_sha256: ca,
  releaseKey,
}: Pick<InstallSources, 'script_sha256' | 'ca_sha256'> & { readonly releaseKey: string }): LineFor {
  return ({ managerUrl, joinString }) => {
    const url = managerUrl.replace(/\/+$/, '');
    const from = quoted(`${url}/install/join.sh`);
    const byApt = `${APT_HELPER} ${UNPROVEN} download-file ${from} "$d/join" SHA256:${script}`;
    const byCurl = `curl -fsSk -o "$d/join" ${from} && echo "${script}  $d/join" | sha256sum -c --quiet`;
    return [
      `d=$(mktemp -d) && if [ -x ${APT_HELPER} ]; then ${byApt}; else ${byCurl}; fi && sh "$d/join" ${quoted(url)} ${ca} ${releaseKey} <<'JOIN'`,
      joinString,
      'JOIN',
    ].join('\n');
  };
}

/**
 * The line for the manager's own packages where it has some that hosts can prove, else for a package on the host.
 * @returns with it, what is missing for the former
 */
export function lineFrom(sources: InstallSources): {
  readonly line: LineFor;
  readonly missing: string | undefined;
} {
  const { release_key: releaseKey, apt, packages } = sources;
  const isEmpty = apt.length + packages.length === 0;
  if (releaseKey !== null && !isEmpty)
    return { line: joinLine({ ...sources, releaseKey }), missing: undefined };
  return {
    line: installLine(),
    missing: isEmpty ? 'it has no signed packages' : 'install.release_key is not set',
  };
}

/**
 * What to paste into a root shell of a new host: puts the join string into a file that only root can read, from
 * standard input so that no argument list ever shows it, then installs the agent, which finds file and URL.
 *
 * @throws PatchError `INVALID_REQUEST` for a package of no known kind
 */
export function installLine(packageFile = './linux-patch-api.deb'): LineFor {
  const install = INSTALLERS.find(([ending]) => ending.test(packageFile))?.[1];
  if (!install) {
    throw new PatchError(
      'INVALID_REQUEST',
      `--package ${packageFile}: the name must end in .deb, .rpm or .pkg.tar.zst, as the host sees the file, for example ./linux-patch-api.deb.`,
    );
  }
  const file = /^[\w./~+-]+$/.test(packageFile) ? packageFile : quoted(packageFile);
  return ({ managerUrl, joinString }) =>
    [
      `install -D -m 600 /dev/stdin ${JOIN_FILE} <<'JOIN' && LINUX_PATCH_MANAGER_URL=${quoted(managerUrl)} ${install(file)}`,
      joinString,
      'JOIN',
    ].join('\n');
}
