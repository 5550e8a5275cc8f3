import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { RELEASED_AT_MS } from '@linux-patch/contract';
import { Command, Option } from 'commander';
import {
  ARCHITECTURES,
  type Architecture,
  FORMATS,
  type Format,
  MACHINE_NAMES,
  PACKAGE_REVISION,
  PACKAGE_VERSION,
  PROGRAMS,
  type ProgramPackage,
} from '../programs.ts';
import { WHY_NO_APK } from './apk.ts';
import { type Bundle, bundleProgram } from './bundle.ts';
import { makeCodeCache, type WarmUp } from './code-cache/make.ts';
import { warmUpAgent } from './code-cache/warm-up-agent.ts';
import { warmUpManager } from './code-cache/warm-up-manager.ts';
import { warmUpWorker } from './code-cache/warm-up-worker.ts';
import { buildDeb } from './deb.ts';
import { nodeRuntime } from './node-runtime.ts';
import type { PackageJob } from './package-job.ts';
import { buildPacman } from './pacman.ts';
import { bill, type NodeParts } from './papers.ts';
import { ensureBuildPrograms } from './programs-needed.ts';
import { buildRpm } from './rpm.ts';
import { run } from './shell.ts';
import { stage } from './stage.ts';

interface Options {
  readonly arch: readonly Architecture[];
  readonly format: readonly Format[];
  readonly out: string;
  readonly program?: string;
  readonly revision: string;
  readonly fast?: boolean;
  readonly zstd?: boolean;
  readonly lint?: boolean;
  /** One of several builders at work; what concerns all is done by the first one. */
  readonly part?: boolean;
}

type BuiltFormat = Exclude<Format, 'apk'>;

const BUILDERS: Readonly<Record<BuiltFormat, (job: PackageJob) => string>> = {
  deb: buildDeb,
  rpm: buildRpm,
  pacman: buildPacman,
};

function isBuilt(format: Format): format is BuiltFormat {
  return format !== 'apk';
}

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, '.cache/packages');

function list<T extends string>(allowed: readonly T[]) {
  return (text: string): T[] =>
    text.split(',').map((word) => {
      const found = allowed.find((one) => one === word.trim());
      if (!found) throw new Error(`"${word}" is none of ${allowed.join(', ')}`);
      return found;
    });
}

function wholeNumber(text: string): string {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`"${text}" is no number from 1 to 9999`);
  return text;
}

/** The time of the last commit, so that one commit gives one package; of the change log where there is no git. */
function sourceDateEpoch(): number {
  const given = Number(process.env.SOURCE_DATE_EPOCH);
  if (given > 0) return given;
  if (existsSync(join(root, '.git'))) return Number(run('git', ['log', '-1', '--format=%ct'], { cwd: root }));
  return Math.floor(statSync(join(root, 'CHANGELOG.md')).mtimeMs / 1000);
}

/** How far the release date in the sources may lie back: it is by this date that a host knows its clock to be wrong. */
const OLDEST_RELEASE_DATE_MS = 90 * 86_400_000;

function checkReleaseDate(epochMs: number): void {
  if (RELEASED_AT_MS <= epochMs && epochMs - RELEASED_AT_MS <= OLDEST_RELEASE_DATE_MS) return;
  const [stated, commit] = [RELEASED_AT_MS, epochMs].map((at) => new Date(at).toISOString().slice(0, 10));
  throw new Error(
    `RELEASED_AT_MS in packages/contract/src/version.ts is ${stated}, but these sources are of ${commit}. Set it to a day up to then.`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function announce(file: string, startedMs: number): void {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const megabytes = (statSync(file).size / 1e6).toFixed(1);
  const sha = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16);
  say(`${relative(process.cwd(), file)}  ${megabytes} MB  ${seconds} s  sha256 ${sha}…`);
}

interface Shared {
  readonly options: Options;
  readonly bundle: Bundle;
  readonly epochS: number;
}

/** Programs whose start counts. */
const WARM_UPS: Readonly<Record<string, WarmUp>> = {
  'linux-patch-api': warmUpAgent,
  'linux-patch-manager': warmUpManager,
  'linux-patch-worker': warmUpWorker,
};

interface CodeCachesOptions {
  readonly bundle: Bundle;
  readonly node: string;
  readonly folder: string;
  /** Where the profile of a script is kept. */
  readonly profileOf: (script: string) => string;
  /** How often each script is run to find out what it executes. */
  readonly runs: number;
}

/** By the name of the script: made by a run on the Node of its package, so none where that Node cannot run. */
async function codeCachesOf(
  part: Part,
  { bundle, node, folder, profileOf, runs }: CodeCachesOptions,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const made = new Map<string, Uint8Array>();
  if (MACHINE_NAMES[part.architecture].npm !== process.arch) return made;
  for (const script of [bundle, ...bundle.helpers]) {
    const { name } = script;
    const warmUp = WARM_UPS[name];
    if (!warmUp) continue;
    const beside = bundle.helpers.filter((one) => one !== script);
    const profile = profileOf(name);
    made.set(name, await makeCodeCache({ script, beside, warmUp, node, folder, profile, runs }));
  }
  return made;
}

/** One program for one architecture in every wanted format. */
async function buildFor(part: Part, shared: Shared): Promise<void> {
  const { program, architecture } = part;
  const { options, bundle, epochS } = shared;
  const node = nodeRuntime(root, architecture, cache);
  const workFolder = join(cache, `work-${program.name}-${architecture}-${process.pid}`);
  const stageFolder = join(workFolder, 'stage');
  const outFolder = resolve(options.out);
  const suffix = `${PACKAGE_VERSION}-${options.revision}.${architecture}`;
  const codeCaches = await codeCachesOf(part, {
    bundle,
    node: node.binary,
    folder: join(workFolder, 'code-cache'),
    profileOf: (script) => join(outFolder, `${script}-${suffix}.profile`),
    runs: options.fast ? 1 : 9,
  });
  stage({ program, bundle, codeCaches, node, root, folder: stageFolder, epochS });
  const job = {
    program,
    architecture,
    bundle,
    stageFolder,
    workFolder,
    outFolder,
    root,
    revision: options.revision,
    epochS,
    fast: options.fast ?? false,
    zstd: options.zstd ?? false,
  };
  for (const format of options.format.filter(isBuilt)) {
    const startedMs = performance.now();
    announce(BUILDERS[format](job), startedMs);
  }
  // Both architectures are of one version, so the libraries inside are the same.
  const nodeParts = process.versions as NodeParts;
  const billFile = join(outFolder, `${program.name}-${suffix}.cdx.json`);
  writeFileSync(billFile, bill(program, { bundle, node, nodeParts, epochS }));
  rmSync(workFolder, { recursive: true });
}

interface Part {
  readonly program: ProgramPackage;
  readonly architecture: Architecture;
}

/** Builds every part in a process of its own, as many at a time as there are cores. */
async function buildParts(parts: readonly Part[], options: Options): Promise<void> {
  const waiting = [...parts];
  const worker = async (): Promise<void> => {
    for (let part = waiting.shift(); part; part = waiting.shift()) await buildPart(part, options);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

async function buildPart({ program, architecture }: Part, options: Options): Promise<void> {
  const args = ['--part', '--program', program.name, '--arch', architecture, '--out', options.out];
  const wishes = ['--format', options.format.join(','), '--revision', options.revision];
  const [fast, zstd] = [options.fast ? ['--fast'] : [], options.zstd ? ['--zstd'] : []];
  const command = [import.meta.filename, ...args, ...wishes, ...fast, ...zstd];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${program.name} for ${architecture} was not built`);
}

async function build(options: Options): Promise<void> {
  const startedMs = performance.now();
  if (options.format.includes('apk') && !options.part) say(WHY_NO_APK);
  if (!options.format.some(isBuilt)) return;
  if (!options.part) ensureBuildPrograms(options);
  mkdirSync(cache, { recursive: true });
  mkdirSync(options.out, { recursive: true });
  const epochS = sourceDateEpoch();
  checkReleaseDate(epochS * 1000);
  const programs = PROGRAMS.filter((one) => options.program === undefined || one.name === options.program);
  // Before the parts, which would make it at the same time.
  for (const architecture of options.arch) nodeRuntime(root, architecture, cache);
  const parts = programs.flatMap((program) =>
    options.arch.map((architecture) => ({ program, architecture })),
  );
  const [only] = parts;
  if (only && parts.length === 1) {
    const bundle = await bundleProgram(only.program, root);
    await buildFor(only, { options, bundle, epochS });
  } else await buildParts(parts, options);
  if (options.part) return;
  if (options.lint) {
    const files = programs.map((program) =>
      join(resolve(options.out), `${program.name}_${PACKAGE_VERSION}-${options.revision}_amd64.deb`),
    );
    say(
      run('lintian', ['--fail-on', 'error,warning', '--tag-display-limit', '0', ...files]) ||
        'lintian: clean',
    );
  }
  say(`done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

await new Command('build:packages')
  .description('Builds the release packages of both programs from one staged tree.')
  .addOption(
    new Option('--arch <list>', 'architectures').argParser(list(ARCHITECTURES)).default([...ARCHITECTURES]),
  )
  .addOption(new Option('--format <list>', 'formats').argParser(list(FORMATS)).default([...FORMATS]))
  .option('--out <folder>', 'where the packages go', join(root, 'dist'))
  .addOption(new Option('--program <name>', 'only this one').choices(PROGRAMS.map((program) => program.name)))
  .addOption(
    new Option('--revision <number>', 'counts the packages of one version')
      .argParser(wholeNumber)
      .default(PACKAGE_REVISION),
  )
  .option('--fast', 'little compression and one look at what a start executes, for tests')
  .option('--zstd', 'Debian packages that unpack in a quarter of the time, for hosts whose dpkg reads zstd')
  .addOption(new Option('--part').hideHelp())
  .option('--lint', 'run lintian on the amd64 .deb files and fail on its complaints')
  .action((options: Options) => build(options))
  .parseAsync();
