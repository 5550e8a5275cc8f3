import { PatchError } from '@linux-patch/contract';

/** Where the agent looks for a join string by itself. */
const JOIN_FILE = '/etc/linux_patch_api/join';

const INSTALLERS: readonly (readonly [ending: RegExp, install: (file: string) => string])[] = [
  [/\.deb$/, (file) => `apt-get install -y ${file}`],
  [/\.rpm$/, (file) => `dnf install -y ${file}`],
  [/\.pkg\.tar\.(zst|xz|gz)$/, (file) => `pacman -U --noconfirm ${file}`],
];

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * What to paste into a root shell of a new host: puts the join string into a file that only root can read, from
 * standard input so that no argument list ever shows it, then installs the agent, which finds file and URL.
 *
 * @throws PatchError `INVALID_REQUEST` for a package of no known kind
 */
export function installLine(
  packageFile = './linux-patch-api.deb',
): (host: { readonly managerUrl: string; readonly joinString: string }) => string {
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
