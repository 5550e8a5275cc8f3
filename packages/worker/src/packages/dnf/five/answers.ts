import type { z } from 'zod';
import type { PackageDoors } from '../../doors.ts';
import { compareRpmVersions } from '../../rpm/versions.ts';
import { type FilesAnswer, type PlanAnswer, type ReadAnswer, readAnswer } from '../answers.ts';
import type { DnfChange } from '../change.ts';
import type { AskDnf, DnfDoors, DnfQuestion, Nevra } from '../doors.ts';
import { parseAdvisories } from './advisories.ts';
import { readPackage } from './detail.ts';
import { changeArguments, parsePlan } from './plan.ts';
import { CACHE, outputOf, type ReadDnf, readerOf } from './program.ts';
import { repoquery, UNFILTERED } from './repoquery.ts';
import { readSources } from './sources.ts';

type Doors = Pick<DnfDoors, 'files' | 'root' | 'cache'>;

/** Asks the command line of dnf 5, in its forms for programs where it has one. */
export function askDnf5({ commands, files, root }: PackageDoors): AskDnf {
  const read = readerOf({ commands, root });
  const doors = { files, root, cache: CACHE };
  return async (question, { answer, signal }) =>
    readAnswer(`dnf5 (${question.op})`, await answerTo(question, { doors, read, signal }), answer);
}

async function answerTo(
  question: DnfQuestion,
  asking: { readonly doors: Doors; readonly read: ReadDnf; readonly signal: AbortSignal | undefined },
): Promise<unknown> {
  const { doors, read, signal } = asking;
  switch (question.op) {
    case 'read':
      return readEverything(doors, read);
    case 'offered':
      return readOffered(read);
    case 'plan':
      return readPlan(read, question, signal);
    case 'versions':
      return { versions: await readVersions(read, question.names) };
    case 'providers':
      return { names: await readProviders(read, question.name) };
    case 'files':
      return readFiles(asking, question.wanted);
    case 'detail':
      return { package: await readPackage(read, question.name) };
  }
}

const NEWEST = ['--upgrades', '--latest-limit=1'];

async function readEverything(doors: Doors, read: ReadDnf): Promise<z.infer<typeof ReadAnswer>> {
  const newest = (filtered: boolean) =>
    repoquery(read, { tags: ['name', 'arch', 'evr', 'repoid'], options: NEWEST, filtered });
  const advised = read(['-q', UNFILTERED, 'advisory', 'info', '--json'], undefined);
  const [sources, plain, everything, said] = await Promise.all([
    readSources(doors, read),
    newest(true),
    newest(false),
    advised,
  ]);
  const place = ({ name, arch }: { readonly name: string; readonly arch: string }) => `${name}.${arch}`;
  const free = Map.groupBy(plain, place);
  const updates = [...Map.groupBy(everything, place)].flatMap(([key, all]) => {
    const found = free.get(key) ?? all;
    return found.slice(0, 1).map(({ name, arch, evr }) => ({
      name,
      arch,
      version: evr,
      held: !free.has(key),
      repositories: [...new Set(found.map((one) => one.repoid))].sort(),
    }));
  });
  return { sources, updates, advisories: parseAdvisories(outputOf('advisory info', said)) };
}

/** What an ordinary upgrade brings in, as whoever types it gets it. */
async function readOffered(read: ReadDnf) {
  const args = ['--assumeno', '--setopt=best=0', '--setopt=clean_requirements_on_remove=0', 'upgrade'];
  const plan = parsePlan(await read(args, undefined));
  return { names: plan.refusal === null ? plan.coming : null };
}

async function readPlan(
  read: ReadDnf,
  change: DnfChange,
  signal: AbortSignal | undefined,
): Promise<PlanAnswer> {
  return parsePlan(await read(['--assumeno', ...changeArguments(change)], signal));
}

/** Installed or to be had, newest first. */
async function readVersions(read: ReadDnf, names: readonly string[]): Promise<Record<string, string[]>> {
  if (names.length === 0) return {};
  const options = ['--available', '--installed'];
  const found = await repoquery(read, { tags: ['name', 'arch', 'evr'], options, names });
  return Object.fromEntries(
    names.flatMap((wanted) => {
      const own = found.filter(({ name }) => name === wanted);
      const same = own.length > 0 ? own : found.filter(({ name, arch }) => `${name}.${arch}` === wanted);
      const versions = [...new Set(same.map(({ evr }) => evr))].sort((a, b) => compareRpmVersions(b, a));
      return versions.length > 0 ? [[wanted, versions]] : [];
    }),
  );
}

async function readProviders(read: ReadDnf, name: string): Promise<string[]> {
  const options = ['--available', '--installed', `--whatprovides=${name}`];
  const found = await repoquery(read, { tags: ['name'], options, filtered: true });
  return [...new Set(found.map((one) => one.name))].sort();
}

async function readFiles(
  { doors, read, signal }: { doors: Doors; read: ReadDnf; signal: AbortSignal | undefined },
  wanted: readonly Nevra[],
): Promise<z.infer<typeof FilesAnswer>> {
  const nevraOf = ({ name, version, arch }: Nevra) => `${name}-${version}.${arch}`;
  const tags = ['name', 'arch', 'evr', 'repoid', 'downloadsize', 'installsize'] as const;
  const [found, sources] = await Promise.all([
    wanted.length === 0
      ? []
      : repoquery(read, { tags, options: ['--available'], names: wanted.map(nevraOf), signal }),
    readSources(doors, read),
  ]);
  const files = Map.groupBy(found, ({ name, arch, evr }) => nevraOf({ name, arch, version: evr }));
  return {
    found: wanted.map((one) =>
      (files.get(nevraOf(one)) ?? []).map(({ repoid, downloadsize, installsize }) => ({
        repository: repoid,
        download: Number(downloadsize),
        installed: Number(installsize),
      })),
    ),
    sources,
  };
}
