import { readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import {
  declarationsIn,
  hasMethods,
  holdsThings,
  type Known,
  knownTypes,
  SHARED_SOURCES,
  type Source,
  sourcesOf,
  walk,
  widthOf,
} from './declared-types.ts';

/** What a component is given, by the ends of the names of its options, doors, sources and contexts. */
const GIVEN = /(?:Options|Context|Doors|Sources|Parts|Settings)$/;
const MOST_MEMBERS = 8;
/** What was wider when the law came, with its number of members; the numbers only get smaller. */
const EXCEPTIONS_FILE = 'tools/wide-options.json';

interface Width {
  readonly file: string;
  /** `PACKAGE/TYPE`. */
  readonly name: string;
  readonly count: number;
}

/** Types of parameters of functions that do something. */
function parametersIn({ tree }: Source): ts.ParameterDeclaration[] {
  const found: ts.ParameterDeclaration[] = [];
  walk(tree, (node) => {
    if (ts.isParameter(node) && 'body' in node.parent && node.parent.body) found.push(node);
  });
  return found;
}

/** Whether a type has other components for members. What has methods is a component itself, and what has neither is data. */
function isMadeOfParts(type: ts.Node, known: Known): boolean {
  return !hasMethods(type, known) && holdsThings(type, known);
}

function widthsIn(folder: string): Width[] {
  const sources = sourcesOf(folder);
  const known = knownTypes([...sources, ...SHARED_SOURCES]);
  const parameters = sources.flatMap((source) => parametersIn(source).map((one) => ({ source, one })));
  const taken = new Set(parameters.map(({ one }) => one.type?.getText()));
  const declared = sources.flatMap((source) =>
    declarationsIn(source)
      .filter(({ name }) => GIVEN.test(name.text) || taken.has(name.text))
      .filter((one) => GIVEN.test(one.name.text) || isMadeOfParts(one, known))
      .map((one) => ({ source, type: one, name: one.name.text })),
  );
  const written = parameters.flatMap(({ source, one: { name, type } }) =>
    type && !ts.isTypeReferenceNode(type) && isMadeOfParts(type, known)
      ? [{ source, type, name: name.getText().slice(0, 40) }]
      : [],
  );
  return [...declared, ...written].map(({ source, type, name }) => ({
    file: source.file,
    name: `${folder}/${name}`,
    count: widthOf(type, known),
  }));
}

const read = ['agent', 'http', 'manager', 'worker'].flatMap(widthsIn);
const wide = read.filter(({ count }) => count > MOST_MEMBERS);
const allowed = JSON.parse(readFileSync(EXCEPTIONS_FILE, 'utf8')) as Record<string, number>;
const faults = wide.filter(({ name, count }) => count > (allowed[name] ?? MOST_MEMBERS));
for (const { file, name, count } of faults) {
  process.stdout.write(`${file}: ${name} has ${count} members; a component takes at most ${MOST_MEMBERS}\n`);
}
const left = Object.fromEntries(wide.map(({ name, count }) => [name, Math.min(count, allowed[name] ?? 0)]));
const isStale = faults.length === 0 && JSON.stringify(left) !== JSON.stringify(allowed);
const writes = process.argv.includes('--write');
if (isStale && writes) writeFileSync(EXCEPTIONS_FILE, `${JSON.stringify(left, null, 2)}\n`);
if (isStale && !writes) process.stdout.write(`${EXCEPTIONS_FILE} allows more than there is: npm run fix\n`);
process.stdout.write(`${read.length} types read\n`);
process.exitCode = faults.length > 0 || (isStale && !writes) || read.length < 20 ? 1 : 0;
