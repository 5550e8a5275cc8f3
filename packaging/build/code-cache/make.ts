import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loader, programFiles } from '../../loader.ts';
import type { BundledScript } from '../bundle.ts';
import { run } from '../shell.ts';
import { inOrder, type Place } from './place.ts';

/** Lets a program do once what it is started for, and ends it. */
export type WarmUp = (program: {
  /** Starts it with these arguments; SIGUSR2 ends it at once, if it does not end by itself. */
  readonly start: (args: readonly string[]) => ChildProcessWithoutNullStreams;
  /** For the host that it is to see; what an earlier run left there is gone. */
  readonly root: string;
}) => Promise<void>;

/** What a code cache is made for. */
export interface CodeCacheOptions {
  readonly script: BundledScript;
  /** What it starts itself. */
  readonly beside: readonly BundledScript[];
  readonly warmUp: WarmUp;
  /** The Node that will run it; it runs here as well. */
  readonly node: string;
  /** Made, and removed at the end. */
  readonly folder: string;
  /** Which functions are compiled: taken from there when it is of this program, else found by running it and left there. */
  readonly profile: string;
  /** What is executed beside the start differs by chance and with what else the machine does; what most runs executed counts. */
  readonly runs: number;
}

/** The places of the functions that one run executes, as JSON. */
async function executedOnce({ node, folder, warmUp }: CodeCacheOptions, file: string): Promise<string> {
  const root = join(folder, 'root');
  rmSync(root, { recursive: true, force: true });
  const list = join(folder, 'executed.json');
  rmSync(list, { force: true });
  const own = [join(import.meta.dirname, 'executed.ts'), file, list];
  // Of the environment only what finds programs: another machine, another user and a service see the same.
  const env = { PATH: process.env.PATH };
  await warmUp({ start: (args) => spawn(node, [...own, ...args], { env }), root });
  return readFileSync(list, 'utf8');
}

/** The functions that more than half of the runs executed, in the order of the text. */
async function executed(options: CodeCacheOptions, file: string): Promise<Place[]> {
  const counts = new Map<string, number>();
  for (let count = 0; count < options.runs; count += 1) {
    for (const place of JSON.parse(await executedOnce(options, file)) as Place[]) {
      const key = JSON.stringify(place);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts]
    .filter(([, count]) => count > options.runs / 2)
    .map(([key]) => JSON.parse(key) as Place)
    .sort(inOrder);
}

/** Whether the Node of the package will take the cache. */
const TAKEN = `
const { readFileSync } = require('node:fs');
const [program, cachedData] = process.argv.slice(1).map((file) => readFileSync(file));
const script = new (require('node:vm').Script)(program.toString('latin1'), { cachedData });
process.exitCode = script.cachedDataRejected ? 1 : 0;`;

interface Profile {
  /** SHA-256 of the program, hex. */
  readonly program: string;
  readonly places: readonly Place[];
}

/** What a run executes depends a little on the machine and its load, so that it is an input of a build like its sources. */
async function placesOf(options: CodeCacheOptions, file: string): Promise<readonly Place[]> {
  const program = createHash('sha256').update(options.script.program).digest('hex');
  if (existsSync(options.profile)) {
    const known = JSON.parse(readFileSync(options.profile, 'utf8')) as Profile;
    if (known.program === program) return known.places;
  }
  const profile: Profile = { program, places: await executed(options, file) };
  // Whole or not at all: a build may be ended at any moment, and the next one believes what it finds.
  writeFileSync(`${options.profile}.new`, JSON.stringify(profile));
  renameSync(`${options.profile}.new`, options.profile);
  return profile.places;
}

/**
 * Compiles what a program executes when it does once what it is started for: a code cache, the same bytes for the same profile.
 * @throws when it does not run here, or its Node refuses what was made
 */
export async function makeCodeCache(options: CodeCacheOptions): Promise<Uint8Array> {
  const { script, beside, node, folder } = options;
  mkdirSync(folder, { recursive: true });
  for (const { name, program } of beside) {
    const files = programFiles(name);
    writeFileSync(join(folder, files.loader), loader(name, program, undefined));
    writeFileSync(join(folder, files.program), program);
  }
  const [file, list, cache] = ['program.js', 'list.json', 'cache'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(file, script.program);
  writeFileSync(list, JSON.stringify(await placesOf(options, file)));
  // The seed of hashes decides about the order in tables; it is no part of what the engine compares.
  run(node, ['--random-seed=1', join(import.meta.dirname, 'compile.ts'), file, list, cache]);
  run(node, ['-e', TAKEN, file, cache]);
  const made = readFileSync(cache);
  rmSync(folder, { recursive: true });
  return made;
}
