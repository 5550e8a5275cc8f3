import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { minifySync } from 'rolldown/utils';
import { buildPage } from '../../packages/web/build-page.ts';
import { programFiles } from '../loader.ts';
import type { ProgramPackage, Script } from '../programs.ts';

/** A dependency that ended up in the program. */
export interface BundledModule {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly folder: string;
}

/** A program in one script. */
export interface BundledScript {
  readonly name: string;
  /** For people; a script that can be started as it is. */
  readonly readable: string;
  /** The same in few bytes: an expression that gives a function, which runs the program when it is called with `require`. */
  readonly program: string;
  /** From `program` to `readable` (https://tc39.es/ecma426/). */
  readonly sourceMap: string;
  readonly modules: readonly BundledModule[];
}

export interface Bundle extends BundledScript {
  /** Of the programs beside it; what they are made of is among its modules. */
  readonly helpers: readonly BundledScript[];
  /** The page, by the names of its files below its folder; what it is made of is among the modules. */
  readonly page: ReadonlyMap<string, Uint8Array>;
}

/** Native accelerators that `ws` and `pg` look for and do without, and what `pg` needs elsewhere than in Node. */
const OPTIONAL = ['bufferutil', 'utf-8-validate', 'pg-native', 'cloudflare:sockets'];

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
 * Takes white space, comments and what is never used out of a script. Names stay, so that stack traces can be read.
 * Characters beyond ASCII become escapes, which mean the same: a text with one such character takes two bytes for each of
 * its characters, as long as the program runs.
 */
function minify(readable: string, name: string): Pick<BundledScript, 'program' | 'sourceMap'> {
  const { code, map, errors } = minifySync(programFiles(name).readable, readable, {
    module: false,
    compress: { keepNames: { function: true, class: true } },
    mangle: false,
    codegen: { asciiOnly: true },
    sourcemap: true,
  });
  if (errors.length > 0 || !map) throw new Error(`${name} cannot be minified: ${errors[0]?.message}`);
  if (/[^\0-\x7f]/.test(code)) throw new Error(`${name} has characters beyond ASCII`);
  const { version, sources, names, mappings } = map;
  // A line before the others is a semicolon before their mappings.
  const moved = { version, sources, names, mappings: `;${mappings}` };
  return { program: `(function (require) {\n${code}\n})`, sourceMap: JSON.stringify(moved) };
}

/** Of a script: gives what `make` gives, and asks it once. */
const ONCE = `function __once(make) {
	let made;
	return () => (made ??= make());
}
`;

/**
 * Lets a script load the parts of Node when it first uses them: a start uses few, and those for cryptography, TLS, HTTP and
 * compression take longer to load than most commands take. The bundler has each in a variable of the script; one whose name is
 * declared elsewhere as well stays as it is.
 */
function loadNodeLate(script: string): string {
  const loaded = Array.from(
    script.matchAll(/^let (\w+) = require\("node:[\w/]+"\);$/gm),
    ([, name = '']) => name,
  );
  const late = loaded.filter((name) => isAlone(name, script)).join('|');
  if (late === '') return script;
  const wrapped = script.replace(
    new RegExp(`^let (${late}) = (.*);\n(?:\\1 = __toESM\\(\\1(.*)\\);\n)?`, 'gm'),
    (_all, name: string, load: string, esm?: string) =>
      `const ${name} = __once(() => ${esm === undefined ? load : `__toESM(${load}${esm})`});\n`,
  );
  // In parentheses: after `new`, a call would be part of what is made.
  return ONCE + wrapped.replace(new RegExp(`(?<!^const )\\b(${late})\\b`, 'gm'), '($1())');
}

/** Whether a name means the same everywhere in a script. */
function isAlone(name: string, script: string): boolean {
  return [...script.matchAll(new RegExp(`\\b(?:let|var|const|function|class) ${name}\\b`, 'g'))].length === 1;
}

/** Everything that a program imports but Node itself, in one script that can be started as it is. */
export async function bundleReadable(
  program: Script,
  root: string,
): Promise<Pick<BundledScript, 'readable'> & { readonly modulePaths: readonly string[] }> {
  const build = await rolldown({
    input: join(root, program.entry),
    cwd: root,
    platform: 'node',
    external: [/^node:/, ...OPTIONAL],
  });
  const { output } = await build.generate({ format: 'cjs', codeSplitting: false, comments: { legal: true } });
  await build.close();
  const [chunk, ...others] = output;
  if (others.length > 0) throw new Error(`the bundle of ${program.name} has more than one file`);
  // What it was made of were modules, where everything is strict.
  const readable = `'use strict';\n${loadNodeLate(chunk.code.replace(/^#!.*\n/, ''))}`;
  return { readable, modulePaths: Object.keys(chunk.modules) };
}

/** The same with what a package tells about it. */
async function bundleScript(program: Script, root: string): Promise<BundledScript> {
  const { readable, modulePaths } = await bundleReadable(program, root);
  const folders = new Set(modulePaths.flatMap((path) => moduleOf(path) ?? []));
  const modules = [...folders].map(describe).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { name: program.name, readable, ...minify(readable, program.name), modules };
}

/** The page of a program that has one. */
async function bundlePage(root: string): Promise<Pick<Bundle, 'page' | 'modules'>> {
  const folder = join(root, `.cache/packages/page-${process.pid}`);
  const { modulePaths } = await buildPage(folder);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.gz'),
  );
  const page = new Map(names.sort().map((name) => [name, readFileSync(join(folder, name))]));
  rmSync(folder, { recursive: true });
  const folders = new Set(modulePaths.flatMap((path) => moduleOf(path) ?? []));
  return { page, modules: [...folders].map(describe) };
}

/** A program and those beside it. */
export async function bundleProgram(program: ProgramPackage, root: string): Promise<Bundle> {
  const own = await bundleScript(program, root);
  const helpers = await Promise.all(program.helpers.map((one) => bundleScript(one, root)));
  const { page, modules: ofPage } =
    program.pageFolder === undefined ? { page: new Map(), modules: [] } : await bundlePage(root);
  const all = [...[own, ...helpers].flatMap((script) => script.modules), ...ofPage];
  const modules = new Map(all.map((one) => [one.folder, one]));
  return {
    ...own,
    helpers,
    page,
    modules: [...modules.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
