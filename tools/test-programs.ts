import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleReadable } from '../packaging/build/bundle.ts';
import { CLEAN_ENVIRONMENT } from '../packaging/launcher.ts';
import { PROGRAMS, type Script } from '../packaging/programs.ts';

/** Where tests look for them, also when this was made by whoever runs several suites. */
const PLACE = 'TEST_PROGRAMS_FOLDER';

/** The programs of this checkout, each in one script, under the names that tests start them by. */
export interface TestPrograms extends AsyncDisposable {
  /** What tells tests where they are. */
  readonly env: Readonly<Record<string, string>>;
}

/** Loads a program, and keeps what the engine made of it for the next start. */
const LOADER = `'use strict';
require('node:module').enableCompileCache(\`\${__dirname}/compiled\`);
require(__filename.replace(/cjs$/, 'program.cjs'));
`;

async function writeProgram({ name, entry }: Script, folder: string): Promise<void> {
  const root = resolve(import.meta.dirname, '..');
  const { readable } = await bundleReadable({ name, entry }, root);
  await writeFile(join(folder, `${name}.program.cjs`), readable);
  await writeFile(join(folder, `${name}.cjs`), LOADER);
  const start = `exec '${process.execPath}' --disable-sigusr1 '${join(folder, `${name}.cjs`)}' "$@"`;
  await writeFile(join(folder, name), `#!/bin/sh\n${CLEAN_ENVIRONMENT}\n${start}\n`, { mode: 0o755 });
}

/**
 * Makes one script of the sources of each program, laid out as in packages. Tests start hundreds of processes, and to load
 * the sources one by one is most of what such a start costs. Those that are there already are taken.
 */
export async function makeTestPrograms(): Promise<TestPrograms> {
  const given = process.env[PLACE];
  if (given !== undefined) return { env: { [PLACE]: given }, [Symbol.asyncDispose]: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'linux-patch-programs-'));
  // Some tests start them as another user.
  await chmod(folder, 0o755);
  const scripts = PROGRAMS.flatMap((program) => [program, ...program.helpers]);
  await Promise.all(scripts.map((script) => writeProgram(script, folder)));
  return {
    env: { [PLACE]: folder },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
