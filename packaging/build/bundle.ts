import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import type { ProgramPackage } from '../programs.ts';

/** A dependency that ended up in the program. */
export interface BundledModule {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly folder: string;
}

export interface Bundle {
  readonly code: string;
  readonly modules: readonly BundledModule[];
}

/** Native accelerators that `ws` looks for and does without. */
const OPTIONAL = ['bufferutil', 'utf-8-validate'];

function moduleOf(path: string): string | undefined {
  const match = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
  return match?.[1];
}

function describe(folder: string): BundledModule {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  if (!license) throw new Error(`${name} does not say under which licence it is; do not ship it`);
  return { name, version, licence: license, folder };
}

/**
 * Writes characters beyond ASCII as escapes, which mean the same in strings and regular expressions: a text with one such
 * character takes two bytes for each of its characters, as long as the program runs.
 */
function inAscii(code: string): string {
  return code.replaceAll(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One file with everything that the program imports but Node itself. Names stay, so that stack traces can be read. */
export async function bundleProgram(program: ProgramPackage, root: string): Promise<Bundle> {
  const build = await rolldown({
    input: join(root, program.entry),
    cwd: root,
    platform: 'node',
    external: [/^node:/, ...OPTIONAL],
  });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false, comments: { legal: true } });
  await build.close();
  const [chunk, ...others] = output;
  if (others.length > 0) throw new Error(`the bundle of ${program.name} has more than one file`);
  const folders = new Set(Object.keys(chunk.modules).flatMap((path) => moduleOf(path) ?? []));
  const modules = [...folders].map(describe).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { code: inAscii(chunk.code), modules };
}
