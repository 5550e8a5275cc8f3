import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CLEAN_HOST_CASES } from '../packages/lab/src/clean-host/cases.ts';
import { FAULT_CHAPTERS } from '../packages/lab/src/faults/chapters.ts';

/** Folders whose paths in the docs are meant to be this repository's. */
const OURS = /^(packages|packaging|tools|docs|bin|\.ci)\//;

/** Cases that a document refers to as `lab: NAME` or `faults: NAME`. */
const CASES: Readonly<Record<string, ReadonlySet<string>>> = {
  lab: new Set(CLEAN_HOST_CASES.map((one) => one.name)),
  faults: new Set(FAULT_CHAPTERS.flatMap(({ cases }) => cases.map((one) => one.name))),
};

interface Place {
  readonly file: string;
  readonly line: number;
}

/** Maps of a program's rooms; each names all of them. */
const MAPS = [
  'packages/agent/src/README.md',
  'packages/manager/src/README.md',
  'packages/worker/src/README.md',
];

/** What a folder of a room says of itself; it names files from there, and from the folder around it. */
const FOLDER_README = /^packages\/\w+\/src\/.+\/README\.md$/;

function isThere(pattern: string): boolean {
  return globSync(pattern.replace(/\/$/, '')).length > 0;
}

/** Files and folders that a line of Markdown names and that do not exist; a map names them from its own folder, too. */
function missingFiles(text: string, file: string): string[] {
  const folder = dirname(file);
  const quoted = [...text.matchAll(/`([^`\s]+)`/g)].map(([, name = '']) => name);
  if (MAPS.includes(file)) {
    const named = quoted.filter((name) => /^[a-z-]+\/[\w./-]*$/.test(name));
    return named.filter((name) => !isThere(join(folder, name)) && !isThere(name));
  }
  if (FOLDER_README.test(file)) {
    const named = quoted.filter((name) => /^[\w./-]+\.ts$/.test(name));
    return named.filter((name) => ![folder, dirname(folder)].some((from) => isThere(join(from, name))));
  }
  const paths = quoted.filter((name) => OURS.test(name) && !/[A-Z]{3}|[<{]/.test(name));
  const sources = quoted
    .filter((name) => /^[a-z0-9.-]+\.ts$/.test(name))
    .map((name) => `{packages,packaging,tools}/**/${name}`);
  const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
  const linked = links.filter((target) => !/^[a-z]+:/.test(target)).map((target) => join(folder, target));
  return [...paths, ...sources, ...linked].filter((path) => !isThere(path));
}

/** Names of files and scripts that a line of Markdown gives, and that do not exist. */
function missingIn(text: string, file: string, scripts: ReadonlySet<string>): string[] {
  const cases = [...text.matchAll(/`(lab|faults): ([^`]+)`/g)].map(([, suite = '', name = '']) => ({
    suite,
    name,
  }));
  const commands = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
  return [
    ...missingFiles(text, file),
    ...cases.filter(({ suite, name }) => !CASES[suite]?.has(name)).map(({ name }) => name),
    ...commands.filter((name) => !scripts.has(name)).map((name) => `npm run ${name}`),
  ];
}

/** Pictures that say nothing to who does not see them. */
function speechlessIn(text: string): string[] {
  return [...text.matchAll(/!\[\s*\]\(([^)]*)\)/g)].map(([, target = '']) => target);
}

/** A picture is loaded by everybody who opens the document that shows it. */
const MOST_PICTURE_BYTES = 150_000;

function picturesIn(document: string): string[] {
  const targets = readFileSync(document, 'utf8').matchAll(/!\[[^\]]*\]\(([^)\s]+)\)/g);
  return Array.from(targets, ([, target = '']) => join(dirname(document), target));
}

/** Pictures that no document shows, or that are too large to be shown. */
function pictureFaults(documents: readonly string[]): string[] {
  const shown = new Set(documents.flatMap(picturesIn));
  return globSync('docs/screenshots/*/*.png').flatMap((file) => [
    ...(shown.has(file) ? [] : [`${file}: no document shows it`]),
    ...(statSync(file).size > MOST_PICTURE_BYTES
      ? [`${file} has more than ${MOST_PICTURE_BYTES} bytes`]
      : []),
  ]);
}

function faultsOf(file: string, scripts: ReadonlySet<string>): string[] {
  const say = ({ line }: Place, name: string): string => `${file}:${line}: ${name} does not exist`;
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, index) => {
      const place = { file, line: index + 1 };
      return [
        ...missingIn(text, file, scripts).map((name) => say(place, name)),
        ...speechlessIn(text).map((name) => `${file}:${place.line}: ${name} has no alternative text`),
      ];
    });
}

/** Decisions are numbered without gaps and listed in their order. */
function decisionFaults(): string[] {
  const files = globSync('docs/decisions/[0-9]*.md')
    .map((path) => path.slice('docs/decisions/'.length))
    .toSorted();
  const text = readFileSync('docs/decisions/README.md', 'utf8');
  const listed = [...text.matchAll(/\]\((\d{4}-[^)]+)\)/g)].map(([, name = '']) => name);
  const gap = files.findIndex((name, index) => Number(name.slice(0, 4)) !== index + 1);
  return [
    ...(listed.join() === files.join()
      ? []
      : ['docs/decisions/README.md does not list the decisions in their order']),
    ...(gap === -1 ? [] : [`docs/decisions: there is no decision ${gap + 1}, or two of them`]),
  ];
}

/** Rooms that a map leaves out. */
function unmappedIn(map: string): string[] {
  const text = readFileSync(map, 'utf8');
  const rooms = globSync('*/', { cwd: dirname(map) }).map((name) => name.replace(/\/?$/, '/'));
  return rooms.filter((room) => !text.includes(`\`${room}\``)).map((room) => `${map} does not name ${room}`);
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const names = new Set(Object.keys(scripts));
const documents = globSync([
  '*.md',
  'packages/*.md',
  'packaging/*.md',
  'docs/*.md',
  'docs/screenshots/*.md',
  'docs/decisions/*.md',
  'packages/*/src/**/README.md',
]);
const faults = [
  ...documents.flatMap((file) => faultsOf(file, names)),
  ...decisionFaults(),
  ...pictureFaults(documents),
  ...MAPS.flatMap(unmappedIn),
];
for (const fault of faults) process.stdout.write(`${fault}\n`);
process.stdout.write(`${documents.length} documents read\n`);
process.exitCode = faults.length === 0 && documents.length > 0 ? 0 : 1;
