import { isMap, isScalar, isSeq, type Pair, type ParsedNode, parse, type YAMLMap, type YAMLSeq } from 'yaml';

/** What is put under a key: one text, or the first entry of a list. */
export type Leaf =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'entry'; readonly value: string };

type ParsedPair = Pair<ParsedNode, ParsedNode | null>;

/** Spaces that a new level is indented by. */
const STEP = '  ';

/** A text as a YAML scalar that means the same in any place: plain when nothing can misread it. */
function scalarText(value: string): string {
  const plain = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(value) && parse(value) === value;
  return plain ? value : JSON.stringify(value);
}

function eolOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

function replaceRange(text: string, start: number, end: number, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

/** Offset behind the last character of a node that is content, not space or comment. */
function endOf(node: ParsedNode): number {
  if ((isMap(node) || isSeq(node)) && !node.flow) {
    const last = node.items.at(-1);
    if (last) return isMap(node) ? endOfPair(last as ParsedPair) : endOf(last as ParsedNode);
  }
  return node.range[1];
}

function endOfPair(pair: ParsedPair): number {
  return isEmpty(pair.value) ? pair.key.range[1] : endOf(pair.value as ParsedNode);
}

function isEmpty(node: ParsedNode | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

/** The spaces before a node that is first on its line; undefined when something else stands there. */
function indentOf(text: string, offset: number): string | undefined {
  const before = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  return /^ *$/.test(before) ? before : undefined;
}

/** Puts lines behind the line that `offset` is on. */
function insertLines(text: string, offset: number, lines: readonly string[]): string {
  const eol = eolOf(text);
  const block = lines.map((line) => line + eol).join('');
  if (offset === 0 || text[offset - 1] === '\n') return replaceRange(text, offset, offset, block);
  const newline = text.indexOf('\n', offset);
  return newline === -1 ? `${text}${eol}${block}` : replaceRange(text, newline + 1, newline + 1, block);
}

function blockLines(path: readonly string[], leaf: Leaf, indent: string): string[] {
  const [head = '', ...tail] = path;
  const key = `${indent}${scalarText(head)}:`;
  if (tail.length > 0) return [key, ...blockLines(tail, leaf, indent + STEP)];
  const value = scalarText(leaf.value);
  return leaf.kind === 'text' ? [`${key} ${value}`] : [key, `${indent}${STEP}- ${value}`];
}

function flowText(path: readonly string[], leaf: Leaf): string {
  const [head = '', ...tail] = path;
  const value = leaf.kind === 'text' ? scalarText(leaf.value) : `[${scalarText(leaf.value)}]`;
  return `${scalarText(head)}: ${tail.length > 0 ? `{ ${flowText(tail, leaf)} }` : value}`;
}

function insertIntoFlow(text: string, node: YAMLMap.Parsed | YAMLSeq.Parsed, content: string): string {
  const last = node.items.at(-1);
  if (last) {
    const end = isMap(node) ? endOfPair(last as ParsedPair) : endOf(last as ParsedNode);
    return replaceRange(text, end, end, `, ${content}`);
  }
  const padded = isMap(node) ? `{ ${content} }` : `[${content}]`;
  return replaceRange(text, node.range[0], node.range[1], padded);
}

function insertIntoMap(
  text: string,
  map: YAMLMap.Parsed,
  path: readonly string[],
  leaf: Leaf,
): string | undefined {
  if (map.flow) return insertIntoFlow(text, map, flowText(path, leaf));
  const [first, last] = [map.items[0], map.items.at(-1)];
  const indent = first && indentOf(text, first.key.range[0]);
  if (!last || indent === undefined) return undefined;
  return insertLines(text, endOfPair(last), blockLines(path, leaf, indent));
}

/** Gives a value to a key that has none: `key:` followed by nothing. */
function fillEmpty(text: string, pair: ParsedPair, path: readonly string[], leaf: Leaf): string | undefined {
  const colon = text.indexOf(':', pair.key.range[1]);
  if (isScalar(pair.value) && pair.value.source !== '') return undefined;
  if (path.length === 0 && leaf.kind === 'text') {
    return replaceRange(text, colon + 1, colon + 1, ` ${scalarText(leaf.value)}`);
  }
  const indent = indentOf(text, pair.key.range[0]);
  if (indent === undefined) return undefined;
  const lines =
    path.length === 0
      ? [`${indent}${STEP}- ${scalarText(leaf.value)}`]
      : blockLines(path, leaf, indent + STEP);
  return insertLines(text, colon + 1, lines);
}

function appendToSequence(text: string, list: YAMLSeq.Parsed, value: string): string | undefined {
  if (list.flow) return insertIntoFlow(text, list, scalarText(value));
  const last = list.items.at(-1) as ParsedNode | undefined;
  if (!last) return undefined;
  const line = text.slice(text.lastIndexOf('\n', last.range[0] - 1) + 1, last.range[0]);
  const dash = /^ *- +/.exec(line)?.[0];
  return dash === undefined ? undefined : insertLines(text, endOf(last), [dash + scalarText(value)]);
}

function replaceLeaf(text: string, node: ParsedNode, leaf: Leaf): string | undefined {
  if (leaf.kind === 'entry') return isSeq(node) ? appendToSequence(text, node, leaf.value) : undefined;
  if (!isScalar(node)) return undefined;
  const quoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
  const value = quoted ? JSON.stringify(leaf.value) : scalarText(leaf.value);
  return replaceRange(text, node.range[0], node.range[1], value);
}

/**
 * The text with `leaf` at `path`, every other byte as it was; undefined when the layout allows no such edit. The caller
 * proves that the result means what it should.
 */
export function spliceIn(
  text: string,
  contents: ParsedNode | null,
  path: readonly string[],
  leaf: Leaf,
): string | undefined {
  if (isEmpty(contents)) return insertLines(text, text.length, blockLines(path, leaf, ''));
  let level = contents;
  for (let depth = 0; depth < path.length; depth += 1) {
    if (!isMap(level)) return undefined;
    const map = level as YAMLMap.Parsed;
    const pair = map.items.find((one) => isScalar(one.key) && one.key.value === path[depth]);
    if (!pair) return insertIntoMap(text, map, path.slice(depth), leaf);
    if (isEmpty(pair.value)) return fillEmpty(text, pair, path.slice(depth + 1), leaf);
    level = pair.value;
  }
  return level ? replaceLeaf(text, level, leaf) : undefined;
}

function removeFromFlow(text: string, map: YAMLMap.Parsed, index: number): string {
  const [pair, before, after] = [map.items[index], map.items[index - 1], map.items[index + 1]];
  if (!pair) return text;
  if (before) return replaceRange(text, endOfPair(before), endOfPair(pair), '');
  return replaceRange(text, pair.key.range[0], after ? after.key.range[0] : endOfPair(pair), '');
}

/** Removes the pair's lines; a comment behind the value stays, on a line of its own. */
function removeFromBlock(text: string, pair: ParsedPair): string | undefined {
  const indent = indentOf(text, pair.key.range[0]);
  if (indent === undefined) return undefined;
  const start = pair.key.range[0] - indent.length;
  const content = isEmpty(pair.value) ? text.indexOf(':', pair.key.range[1]) + 1 : endOfPair(pair);
  const newline = text[content - 1] === '\n' ? content - 1 : text.indexOf('\n', content);
  const end = newline === -1 ? text.length : newline + 1;
  const rest = text.slice(Math.min(content, end), end);
  const comment = rest.trimStart();
  return replaceRange(text, start, end, comment.startsWith('#') ? indent + comment : '');
}

/** The text without the key at `path`, as `spliceIn`. The key is there. */
export function spliceOut(
  text: string,
  contents: ParsedNode | null,
  path: readonly string[],
): string | undefined {
  let level = contents;
  for (const [depth, name] of path.entries()) {
    if (!isMap(level)) return undefined;
    const map = level as YAMLMap.Parsed;
    const index = map.items.findIndex((one) => isScalar(one.key) && one.key.value === name);
    const pair = map.items[index];
    if (!pair) return undefined;
    if (depth === path.length - 1)
      return map.flow ? removeFromFlow(text, map, index) : removeFromBlock(text, pair);
    level = pair.value;
  }
  return undefined;
}
