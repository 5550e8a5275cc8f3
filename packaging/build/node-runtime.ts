import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, MACHINE_NAMES } from '../programs.ts';
import { run } from './shell.ts';

/** The private Node of a package. */
export interface NodeRuntime {
  /** The stripped program. */
  readonly binary: string;
  readonly licenceText: string;
  readonly version: string;
}

const STRIP: Readonly<Record<Architecture, string>> = { amd64: 'strip', arm64: 'aarch64-linux-gnu-strip' };

interface LockedPackage {
  readonly version: string;
  readonly integrity: string;
}

function lockedNode(root: string, name: string): LockedPackage {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage | undefined>;
  };
  const locked = lock.packages[`node_modules/${name}`];
  if (!locked) throw new Error(`package-lock.json does not have ${name}`);
  return locked;
}

function verify(file: string, integrity: string): void {
  const [algorithm = '', digest] = integrity.split('-');
  const actual = createHash(algorithm).update(readFileSync(file)).digest('base64');
  if (actual !== digest) throw new Error(`${file} is not what package-lock.json names (${algorithm})`);
}

/** Fetches the npm package of Node for an architecture and holds it against the lock file. */
function fetchNode(root: string, name: string, cache: string): string {
  const { version, integrity } = lockedNode(root, name);
  const folder = join(cache, `${name}-${version}`);
  if (existsSync(join(folder, 'package'))) return join(folder, 'package');
  mkdirSync(folder, { recursive: true });
  run('npm', ['pack', '--silent', '--pack-destination', folder, `${name}@${version}`], { cwd: cache });
  const archive = join(folder, `${name}-${version}.tgz`);
  verify(archive, integrity);
  run('tar', ['-xzf', archive, '--no-same-owner', '-C', folder, 'package/bin', 'package/LICENSE']);
  rmSync(archive);
  return join(folder, 'package');
}

/** The stripped Node for an architecture, from the cache or made now. */
export function nodeRuntime(root: string, architecture: Architecture, cache: string): NodeRuntime {
  const name = `node-linux-${MACHINE_NAMES[architecture].npm}`;
  const { version } = lockedNode(root, name);
  const source = fetchNode(root, name, cache);
  const binary = join(cache, `node-${version}-${architecture}`);
  if (!existsSync(binary)) {
    copyFileSync(join(source, 'bin/node'), `${binary}.new`);
    run(STRIP[architecture], [`${binary}.new`]);
    renameSync(`${binary}.new`, binary);
  }
  return { binary, version, licenceText: readFileSync(join(source, 'LICENSE'), 'utf8') };
}
