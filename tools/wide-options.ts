import { globSync, readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';

/** What a component is given: its options, doors, sources and contexts, by the ends of their names. */
const GIVEN = /(?:Options|Context|Doors|Sources|Parts|Settings)$/;
const MOST_MEMBERS = 8;
/** What was wider when the law came, with its number of members; the numbers only get smaller. */
const EXCEPTIONS_FILE = 'tools/wide-options.json';

type Declaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration;

function declarationsIn(file: string): Declaration[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  return source.statements.filter(
    (one): one is Declaration => ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one),
  );
}

type Known = ReadonlyMap<string, Declaration>;

/** Names of the members of a type, as far as its text shows; `Record`s and conditional types have none. */
function membersOf(node: ts.Node, known: Known): readonly string[] {
  const own = (one: ts.InterfaceDeclaration | ts.TypeLiteralNode): string[] =>
    one.members.map((member) => member.name?.getText() ?? '');
  if (ts.isInterfaceDeclaration(node)) {
    const bases = (node.heritageClauses ?? []).flatMap(({ types }) => types);
    return [...bases.flatMap((base) => membersOf(base, known)), ...own(node)];
  }
  if (ts.isTypeAliasDeclaration(node)) return membersOf(node.type, known);
  if (ts.isTypeLiteralNode(node)) return own(node);
  if (ts.isIntersectionTypeNode(node)) return node.types.flatMap((one) => membersOf(one, known));
  if (ts.isTypeReferenceNode(node)) return membersOfReference(node.typeName, node.typeArguments, known);
  if (ts.isExpressionWithTypeArguments(node))
    return membersOfReference(node.expression, node.typeArguments, known);
  return [];
}

function membersOfReference(
  to: ts.Node,
  args: readonly ts.TypeNode[] | undefined,
  known: Known,
): readonly string[] {
  const [first, keys] = args ?? [];
  const names: readonly string[] = (keys?.getText() ?? '').match(/(?<=')[\w-]+(?=')/g) ?? [];
  if (to.getText() === 'Pick') return names;
  const given =
    first && ['Omit', 'Partial', 'Required', 'Readonly'].includes(to.getText()) ? first : undefined;
  const target = given ?? known.get(to.getText());
  const members = target ? membersOf(target, known) : [];
  return members.filter((member) => !names.includes(member));
}

interface Wide {
  readonly file: string;
  /** `PACKAGE/TYPE`. */
  readonly name: string;
  readonly count: number;
}

function widthsIn(folder: string): Wide[] {
  const files = globSync(`packages/${folder}/src/**/*.ts`, { exclude: ['**/*.test.ts', '**/testing/**'] });
  const read = files.toSorted().flatMap((file) => declarationsIn(file).map((one) => ({ file, one })));
  const known = new Map(read.map(({ one }) => [one.name.text, one]));
  return read
    .filter(({ one }) => GIVEN.test(one.name.text))
    .map(({ file, one }) => ({
      file,
      name: `${folder}/${one.name.text}`,
      count: new Set(membersOf(one, known)).size,
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
