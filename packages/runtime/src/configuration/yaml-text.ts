import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type YAMLMap,
} from 'yaml';

interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something wrong with the YAML itself. */
interface YamlFault extends Position {
  readonly path: readonly string[];
  readonly message: string;
}

/** A YAML file as a plain value that still knows where each key stood. */
export interface YamlText {
  /** A key without a value is present with `undefined`; an empty file is `undefined`. */
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
  /** Where the key at this path stands; the nearest parent's key when it is absent, 1:1 for the file itself. */
  keyAt(path: readonly string[]): Position;
  /** Where the value at this path starts; as `keyAt` when it has none. */
  valueAt(path: readonly string[]): Position;
  /** The line of the value at this path; undefined when there is none. */
  lineOf(path: readonly string[]): number | undefined;
}

/** Nodes after aliases are expanded; a real configuration has some hundreds. */
const MAX_NODES = 50_000;
const MAX_DEPTH = 32;

interface Place {
  readonly key: number;
  readonly value: number;
}

/** Reads YAML 1.2. Never throws: what is wrong is in `faults`. */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const reader = new PlainReader(document, position);
  const value = document.contents ? reader.read(document.contents, [], undefined) : undefined;
  const placeOf = (path: readonly string[]): Place | undefined => reader.places.get(nameOf(path));
  const keyAt = (path: readonly string[]): Position => {
    for (let length = path.length; length > 0; length -= 1) {
      const place = placeOf(path.slice(0, length));
      if (place) return position(place.key);
    }
    return { line: 1, column: 1 };
  };
  return {
    value,
    faults: [...syntaxFaults(document, position), ...reader.faults],
    keyAt,
    valueAt: (path) => {
      const place = placeOf(path);
      return place ? position(place.value) : keyAt(path);
    },
    lineOf: (path) => {
      const place = placeOf(path);
      return place && position(place.value).line;
    },
  };
}

function nameOf(path: readonly string[]): string {
  return path.join('\0');
}

function syntaxFaults(document: Document.Parsed, position: (offset: number) => Position): YamlFault[] {
  const faults = [...document.errors, ...document.warnings].map((error) => ({
    ...position(error.pos[0]),
    path: [],
    message:
      error.code === 'MULTIPLE_DOCS'
        ? 'a second YAML document starts here; the file must hold exactly one'
        : // The library quotes the offending text after a colon, which may be a secret.
          `not valid YAML: ${error.message.replace(/:.*$/s, '')}`,
  }));
  if (document.directives.yaml.version !== '1.2') {
    faults.push({ line: 1, column: 1, path: [], message: 'only YAML 1.2 is read; remove the %YAML line' });
  }
  return faults;
}

class PlainReader {
  readonly places = new Map<string, Place>();
  readonly faults: YamlFault[] = [];
  readonly #document: Document.Parsed;
  readonly #position: (offset: number) => Position;
  #nodes = 0;

  constructor(document: Document.Parsed, position: (offset: number) => Position) {
    this.#document = document;
    this.#position = position;
  }

  /** @param aliasAt Offset of the alias that is being expanded: what it brings stands there. */
  read(node: ParsedNode | null, path: readonly string[], aliasAt: number | undefined): unknown {
    const offset = aliasAt ?? node?.range[0] ?? 0;
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES || path.length > MAX_DEPTH) {
      this.#refuseSize(path, offset);
      return undefined;
    }
    if (isAlias(node)) return this.#readAlias(node, path, offset);
    if (isMap(node)) return this.#readMap(node as YAMLMap.Parsed, path, aliasAt);
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const own = [...path, String(index)];
        const at = aliasAt ?? (item as ParsedNode | null)?.range[0] ?? offset;
        this.places.set(nameOf(own), { key: at, value: at });
        return this.read(item as ParsedNode | null, own, aliasAt) ?? null;
      });
    }
    const value: unknown = isScalar(node) ? node.value : undefined;
    return value === null ? undefined : value;
  }

  #readAlias(node: ParsedNode, path: readonly string[], offset: number): unknown {
    const target = isAlias(node) ? (node.resolve(this.#document) as ParsedNode | undefined) : undefined;
    if (target) return this.read(target, path, offset);
    this.#fault(path, offset, 'the alias names an anchor that is not set before it');
    return undefined;
  }

  #readMap(map: YAMLMap.Parsed, path: readonly string[], aliasAt: number | undefined): object {
    const entries = new Map<string, unknown>();
    for (const pair of map.items) {
      const at = aliasAt ?? pair.key.range[0];
      const name = findKeyName(pair.key);
      if (name === undefined) {
        this.#fault(path, at, 'a key must be a plain word');
        continue;
      }
      const own = [...path, name];
      if (entries.has(name)) {
        this.#fault(own, at, 'given twice; keep one');
        continue;
      }
      const given = isScalar(pair.value) ? pair.value.value !== null : pair.value !== null;
      this.places.set(nameOf(own), {
        key: at,
        value: given ? (aliasAt ?? pair.value?.range[0] ?? at) : at,
      });
      entries.set(name, this.read(pair.value, own, aliasAt));
    }
    return Object.fromEntries(entries);
  }

  #refuseSize(path: readonly string[], offset: number): void {
    if (this.faults.some((fault) => fault.message === TOO_LARGE)) return;
    this.#fault(path.slice(0, 3), offset, TOO_LARGE);
  }

  #fault(path: readonly string[], offset: number, message: string): void {
    this.faults.push({ ...this.#position(offset), path, message });
  }
}

/** `__proto__` is no name: as a member of a plain object it would not be an ordinary one. */
function findKeyName(key: ParsedNode): string | undefined {
  const name: unknown = isScalar(key) ? key.value : undefined;
  if (typeof name === 'number' || typeof name === 'boolean') return String(name);
  return typeof name === 'string' && name !== '__proto__' ? name : undefined;
}

const TOO_LARGE = 'nested too deeply, or aliases expand to too much; write the values out';
