import ts from 'typescript';
import {
  holdsThings,
  type Known,
  knownTypes,
  membersOf,
  SHARED_SOURCES,
  sourcesOf,
  walk,
} from './declared-types.ts';

type Declared = ts.ParameterDeclaration | ts.VariableDeclaration | ts.BindingElement;

function declaredIn(name: ts.BindingName, wanted: string): ts.BindingElement | true | undefined {
  if (ts.isIdentifier(name)) return name.text === wanted || undefined;
  for (const element of name.elements) {
    if (!ts.isBindingElement(element)) continue;
    const found = declaredIn(element.name, wanted);
    if (found) return found === true ? element : found;
  }
  return undefined;
}

/** What declares a name, from inside to outside; undefined for what the module or another one declares. */
function declarationOf(wanted: string, from: ts.Node): Declared | undefined {
  for (let at = from.parent; !ts.isSourceFile(at); at = at.parent) {
    const declared: Declared[] = ts.isFunctionLike(at) ? [...at.parameters] : [];
    if (ts.isBlock(at))
      declared.push(
        ...at.statements
          .filter((one) => ts.isVariableStatement(one))
          .flatMap((one) => one.declarationList.declarations),
      );
    for (const one of declared) {
      const found = declaredIn(one.name, wanted);
      if (found) return found === true ? one : found;
    }
  }
  return undefined;
}

class Scope {
  readonly #known: Known;

  constructor(known: Known) {
    this.#known = known;
  }

  /** Whether what an expression stands for holds things that do something, as far as its declared type shows. */
  isGiven(expression: ts.Expression): boolean {
    const type = this.#typeOf(expression);
    return type !== undefined && holdsThings(type, this.#known);
  }

  #typeOf(expression: ts.Expression): ts.Node | undefined {
    if (ts.isIdentifier(expression)) {
      const declared = declarationOf(expression.text, expression);
      return declared && this.#typeOfDeclared(declared);
    }
    if (!ts.isPropertyAccessExpression(expression)) return undefined;
    if (expression.expression.kind === ts.SyntaxKind.ThisKeyword) {
      const home = ts.findAncestor(expression, ts.isClassDeclaration);
      return home && this.#memberOf(home.members, expression.name.text);
    }
    const owner = this.#typeOf(expression.expression);
    return owner && this.#memberOf(membersOf(owner, this.#known), expression.name.text);
  }

  #typeOfDeclared(declared: Declared): ts.Node | undefined {
    if (!ts.isBindingElement(declared))
      return declared.type ?? (declared.initializer && this.#typeOf(declared.initializer));
    const owner = this.#typeOfDeclared(declared.parent.parent);
    const key = (declared.propertyName ?? declared.name).getText();
    return owner && this.#memberOf(membersOf(owner, this.#known), key);
  }

  #memberOf(members: readonly ts.Node[], key: string): ts.Node | undefined {
    const found = members.find(
      (one) => (ts.isPropertySignature(one) || ts.isPropertyDeclaration(one)) && one.name.getText() === key,
    );
    return found && 'type' in found ? (found.type as ts.Node | undefined) : undefined;
  }
}

/** The manager hands its parts on whole in some fifty places yet. */
const PROGRAMS = ['agent', 'http', 'worker'];
let read = 0;
for (const folder of PROGRAMS) {
  const own = sourcesOf(folder);
  const scope = new Scope(knownTypes([...own, ...SHARED_SOURCES]));
  for (const { file, tree } of own)
    walk(tree, (node) => {
      if (!ts.isSpreadAssignment(node)) return;
      read += 1;
      if (!scope.isGiven(node.expression)) return;
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
      const name = node.expression.getText();
      process.stdout.write(`${file}:${line + 1}: ${name} is spread; say what is used of it\n`);
      process.exitCode = 1;
    });
}
process.stdout.write(`${read} spreads read\n`);
if (read < 20) process.exitCode = 1;
