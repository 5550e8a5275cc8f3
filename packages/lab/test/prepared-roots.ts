import { join } from 'node:path';

const prepared = new WeakMap<object, Map<string, Promise<string>>>();

/** How a root of a package manager comes about. */
interface RootMaker {
  /** Makes a root without packages that knows what its repository offers. */
  readonly empty: (root: string) => Promise<unknown>;
  /** Installs packages in a copy of it. */
  readonly installed: (root: string, from: string) => Promise<unknown>;
}

/**
 * A root below `folder` with these packages of a repository, to be copied and not to be changed. Each is made once: to
 * refresh the lists and install takes a second, and dozens of hosts begin with the same packages.
 */
export function preparedRoot(
  folder: string,
  given: { readonly repository: object; readonly kind: string; readonly installed: readonly string[] },
  make: RootMaker,
): Promise<string> {
  const { repository, kind, installed } = given;
  const own = prepared.getOrInsertComputed(repository, () => new Map());
  return own.getOrInsertComputed([kind, ...installed].join(' '), async () => {
    const root = join(folder, `prepared-${crypto.randomUUID().slice(0, 8)}`);
    if (installed.length === 0) await make.empty(root);
    else await make.installed(root, await preparedRoot(folder, { ...given, installed: [] }, make));
    return root;
  });
}
