import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';

type Declaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.ClassDeclaration;

/** Types of a package and of those below it, by name. */
export type Known = ReadonlyMap<string, Declaration>;

/** A source file of a package, with its path. */
export interface Source {
  readonly file: string;
  readonly tree: ts.SourceFile;
}

/** Production sources of a package: neither tests nor what is for them. */
export function sourcesOf(folder: string): Source[] {
  const files = globSync(`packages/${folder}/src/**/*.ts`, { exclude: ['**/*.test.ts', '**/testing/**'] });
  return files.toSorted().map((file) => {
    const text = readFileSync(file, 'utf8');
    return { file, tree: ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true) };
  });
}

/** Types that a file declares for itself or for others. */
export function declarationsIn({ tree }: Source): (Declaration & { readonly name: ts.Identifier })[] {
  return tree.statements.filter(
    (one): one is Declaration & { readonly name: ts.Identifier } =>
      ts.isInterfaceDeclaration(one) ||
      ts.isTypeAliasDeclaration(one) ||
      (ts.isClassDeclaration(one) && one.name !== undefined),
  );
}

/** What is declared in these files; what comes first counts. */
export function knownTypes(sources: readonly Source[]): Known {
  return new Map(
    sources
      .toReversed()
      .flatMap(declarationsIn)
      .map((one) => [one.name.text, one]),
  );
}

/** What every program imports types of. */
export const SHARED_SOURCES = ['runtime', 'contract', 'pki', 'http', 'worker'].flatMap(sourcesOf);

/** Calls back for a node and all that it is made of. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

type Member = ts.TypeElement | ts.ClassElement;

const SAME_MEMBERS = new Set(['Omit', 'Partial', 'Required', 'Readonly', 'NonNullable']);

/** Members of a type, as far as its text shows; `Record`s and conditional types have none. */
export function membersOf(node: ts.Node, known: Known): readonly Member[] {
  if (ts.isInterfaceDeclaration(node)) {
    const bases = (node.heritageClauses ?? []).flatMap(({ types }) => types);
    return [...bases.flatMap((base) => membersOf(base, known)), ...node.members];
  }
  if (ts.isTypeAliasDeclaration(node)) return membersOf(node.type, known);
  if (ts.isTypeLiteralNode(node)) return node.members;
  if (ts.isParenthesizedTypeNode(node)) return membersOf(node.type, known);
  if (ts.isIntersectionTypeNode(node)) return node.types.flatMap((one) => membersOf(one, known));
  if (ts.isTypeReferenceNode(node)) return membersOfReference(node.typeName, node.typeArguments, known);
  if (ts.isExpressionWithTypeArguments(node))
    return membersOfReference(node.expression, node.typeArguments, known);
  return [];
}

const nameOf = (member: Member): string => member.name?.getText() ?? '';

function membersOfReference(
  to: ts.Node,
  args: readonly ts.TypeNode[] | undefined,
  known: Known,
): readonly Member[] {
  const [first, keys] = args ?? [];
  const names: readonly string[] = (keys?.getText() ?? '').match(/(?<=')[\w-]+(?=')/g) ?? [];
  const word = to.getText();
  if (first && word === 'Pick') return membersOf(first, known).filter((one) => names.includes(nameOf(one)));
  const target = first && SAME_MEMBERS.has(word) ? first : known.get(word);
  const members = target ? membersOf(target, known) : [];
  return word === 'Omit' ? members.filter((one) => !names.includes(nameOf(one))) : members;
}

/** How many members a type has, those of the types that it is made of among them. */
export function widthOf(node: ts.Node, known: Known): number {
  return new Set(membersOf(node, known).map(nameOf)).size;
}

/** Whether a type is a thing that does something: it is built of methods. An error says something and does nothing. */
export function hasMethods(node: ts.Node, known: Known): boolean {
  if (ts.isClassDeclaration(node))
    return !node.heritageClauses?.some((one) => one.getText().endsWith('Error'));
  return membersOf(node, known).some((member) => ts.isMethodSignature(member));
}

/** Whether a type is, or holds, a thing that does something; functions and signals are no things. */
export function holdsThings(node: ts.Node, known: Known, seen = new Set<ts.Node>()): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  const within = (one: ts.Node): boolean => holdsThings(one, known, seen);
  if (hasMethods(node, known)) return true;
  if (ts.isUnionTypeNode(node)) return node.types.some(within);
  if (ts.isTypeAliasDeclaration(node) && within(node.type)) return true;
  if (ts.isTypeReferenceNode(node)) {
    const target = known.get(node.typeName.getText());
    if (target && !ts.isInterfaceDeclaration(target) && within(target)) return true;
  }
  return membersOf(node, known).some(
    (member) => ts.isPropertySignature(member) && member.type !== undefined && within(member.type),
  );
}
