import fc from 'fast-check';
import { z } from 'zod';

/** What is read here of a JSON schema. */
interface Node {
  readonly $ref?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
  readonly propertyNames?: Node;
  readonly items?: Node;
  readonly prefixItems?: readonly Node[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** What there is in the world that is asked, by the name of the member or parameter that takes it. */
export type Known = Readonly<Record<string, readonly string[]>>;

/** Texts that have upset programs: each is a name that somebody could give. */
export const ODD_TEXTS = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '-rf',
  '__proto__',
  'constructor',
  'toString',
  'null',
  '0',
  '1e309',
  'NaN',
  "' OR 1=1 --",
  '%_[a-z]*?',
  '${jndi:x}',
  'a\u0000b',
  'a\r\nX-Injected: 1',
  '\ud800',
  '\u202egnp.exe',
  '\ufeffname',
  '👩‍💻🇦🇹',
  'ß'.repeat(64),
  'e\u0301',
  'x'.repeat(300),
  '9'.repeat(9),
  '9'.repeat(40),
  '9999-12-31T23:59:59.999Z',
  '0000-01-01T00:00:00Z',
  '+275760-09-13T00:00:00.000Z',
  '-000001-01-01T00:00:00Z',
  '2024-02-30T00:00:00Z',
];
const DEPTH = 5;

const odd = fc.oneof(fc.constantFrom(...ODD_TEXTS), fc.string({ unit: 'binary', maxLength: 24 }));

/** Values that fit a schema as far as JSON Schema can say it: what refinements ask besides is met by chance only. */
export function fitting(schema: z.ZodType, known: Known): fc.Arbitrary<unknown> {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node;
  return valuesOf({ root, known }, root, '', DEPTH);
}

interface Place {
  readonly root: Node;
  readonly known: Known;
}

function valuesOf(place: Place, node: Node, name: string, depth: number): fc.Arbitrary<unknown> {
  const ways = node.anyOf ?? node.oneOf;
  if (depth === 0) return fc.constant(null);
  if (node.$ref !== undefined) return valuesOf(place, refOf(place.root, node.$ref), name, depth - 1);
  if ('const' in node) return fc.constant(node.const);
  if (node.enum) return fc.constantFrom(...node.enum);
  if (ways) return fc.oneof(...ways.map((one) => valuesOf(place, one, name, depth)));
  if (node.allOf) return valuesOf(place, Object.assign({}, ...node.allOf) as Node, name, depth);
  if (node.type === 'object') return objectsOf(place, node, depth);
  if (node.type === 'array') return listsOf(place, node, name, depth);
  return scalarsOf(place, node, name);
}

function scalarsOf({ known }: Place, node: Node, name: string): fc.Arbitrary<unknown> {
  const there = Object.hasOwn(known, name) ? (known[name] ?? []) : [];
  switch (node.type) {
    case 'string':
      return there.length === 0 ? textsOf(node) : fc.oneof(fc.constantFrom(...there), textsOf(node));
    case 'integer':
    case 'number':
      return numbersOf(node);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case undefined:
    default:
      return fc.oneof(odd, fc.jsonValue({ maxDepth: 2 }));
  }
}

/** Where a reference inside a schema leads. */
function refOf(root: Node, ref: string): Node {
  let at: unknown = root;
  for (const part of ref.split('/').slice(1)) at = (at as Record<string, unknown>)[part];
  return at as Node;
}

function objectsOf(place: Place, node: Node, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties: more, propertyNames } = node;
  const named = fc.record(
    Object.fromEntries(
      Object.entries(properties).map(([name, one]) => [name, valuesOf(place, one, name, depth - 1)]),
    ),
    { requiredKeys: [...required] },
  );
  if (typeof more !== 'object' || Object.keys(more).length === 0) return named;
  const keys = propertyNames ? valuesOf(place, { type: 'string', ...propertyNames }, '', depth - 1) : odd;
  const entry = fc.tuple(keys.map(String), valuesOf(place, more, '', depth - 1));
  return fc
    .tuple(named, fc.array(entry, { maxLength: 4 }))
    .map(([own, others]) => Object.fromEntries([...Object.entries(own), ...others]));
}

function listsOf(place: Place, node: Node, name: string, depth: number): fc.Arbitrary<unknown> {
  const { prefixItems, items = {}, minItems = 0, maxItems = 4 } = node;
  if (prefixItems) return fc.tuple(...prefixItems.map((one) => valuesOf(place, one, name, depth - 1)));
  const maxLength = Math.max(minItems, Math.min(maxItems, 4));
  return fc.array(valuesOf(place, items, name, depth - 1), { minLength: minItems, maxLength });
}

const FORMATS: Readonly<Record<string, () => fc.Arbitrary<string>>> = {
  uuid: () => fc.uuid(),
  ipv4: () => fc.ipV4(),
  ipv6: () => fc.ipV6(),
  'date-time': () =>
    fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.constantFrom('9999-12-31T23:59:59Z', '1970-01-01T00:00:00.000Z', '2026-12-01T00:00:00Z'),
    ),
};

function textsOf(node: Node): fc.Arbitrary<string> {
  const { format = '', pattern, minLength = 0, maxLength = 64 } = node;
  const ofFormat = FORMATS[format]?.();
  if (ofFormat) return ofFormat;
  const matching = pattern === undefined ? undefined : matchingTexts(pattern);
  const fits = ({ length }: string): boolean => length >= minLength && length <= maxLength;
  if (matching) return matching.map((text) => (fits(text) ? text : text.slice(0, maxLength)));
  const short = fc.string({
    unit: 'grapheme',
    minLength,
    maxLength: Math.max(minLength, Math.min(maxLength, 64)),
  });
  const longest = fc.constant('x'.repeat(Math.min(maxLength, 4_096)));
  return fc.oneof({ weight: 4, arbitrary: short }, { weight: 2, arbitrary: odd }, longest);
}

/** Undefined where the pattern says what fast-check cannot make, such as a look behind. */
function matchingTexts(pattern: string): fc.Arbitrary<string> | undefined {
  try {
    return fc.stringMatching(new RegExp(pattern, 'u'));
  } catch {
    return undefined;
  }
}

/** Numbers inside the bounds, often on them. */
function numbersOf(node: Node): fc.Arbitrary<number> {
  const { exclusiveMinimum: above = -Infinity, exclusiveMaximum: below = Infinity } = node;
  const min = Math.max(node.minimum ?? -Infinity, above + 1, Number.MIN_SAFE_INTEGER);
  const max = Math.min(node.maximum ?? Infinity, below - 1, Number.MAX_SAFE_INTEGER);
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
}
