import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../build/shell.ts';
import type { Architecture } from '../programs.ts';

/** Root of the repository. */
const ROOT = join(import.meta.dirname, '../..');

/** Builds packages of both programs into `out`, as `npm run build:packages -- --fast` does; returns what the builder said. */
export function buildInto(out: string, options: readonly string[] = [], shell = ''): string {
  const builder = [process.execPath, 'packaging/build/main.ts', '--fast', '--out', out, ...options];
  return run('sh', ['-c', `${shell} exec "$@"`, 'build', ...builder], { cwd: ROOT });
}

/** The unpacked content of a program's .deb, which is unpacked once: nobody changes it. */
export function unpackDeb(packages: string, program: string, architecture: Architecture): string {
  const tree = join(packages, `tree-${program}-${architecture}`);
  if (existsSync(tree)) return tree;
  const file = readdirSync(packages).find(
    (name) => name.startsWith(`${program}_`) && name.endsWith(`_${architecture}.deb`),
  );
  if (!file) throw new Error(`${packages} has no .deb of ${program} for ${architecture}`);
  run('dpkg-deb', ['-x', join(packages, file), tree]);
  return tree;
}
