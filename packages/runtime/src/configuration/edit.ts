import { isDeepStrictEqual } from 'node:util';
import { messageOf, PatchError } from '@linux-patch/contract';
import { type Document, isMap, isSeq, parseDocument, YAMLMap, YAMLSeq } from 'yaml';
import { type Leaf, spliceIn, spliceOut } from './splice.ts';

function cannotEdit(why: string): PatchError {
  return new PatchError('CONFIG_INVALID', `The file cannot be changed by the program: ${why}`);
}

function openDocument(text: string): Document.Parsed {
  const document = parseDocument(text, { prettyErrors: false });
  const error = document.errors[0];
  // The library quotes the offending text after a colon, which may be a secret.
  if (error) throw cannotEdit(`it is not valid YAML (${error.message.replace(/:.*$/s, '')}); mend it first.`);
  if (document.contents && !isMap(document.contents) && document.toJS() !== null) {
    throw cannotEdit('it is no map of keys.');
  }
  return document;
}

/** The meaning of a document, where a key without a value, an empty map and an absent key are the same. */
function meaningOf(document: Document): unknown {
  try {
    return tidy(document.toJS({ maxAliasCount: 100 }) as unknown);
  } catch (error) {
    throw cannotEdit(messageOf(error));
  }
}

function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy);
  if (value === null || typeof value !== 'object') return value ?? undefined;
  const entries = Object.entries(value)
    .map(([key, part]) => [key, tidy(part)] as const)
    .filter(([, part]) => part !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Makes the maps on the way to `path` where there is nothing yet. */
function ensureParents(document: Document, path: readonly string[]): void {
  for (let depth = 0; depth < path.length; depth += 1) {
    const parent = path.slice(0, depth);
    const node: unknown = depth === 0 ? document.contents : document.getIn(parent, true);
    if (isMap(node)) continue;
    const empty =
      (depth === 0 ? document.toJS() : document.getIn(parent)) === null ||
      node === undefined ||
      node === null;
    if (!empty) throw cannotEdit(`${parent.join('.')} is no map of keys.`);
    if (depth === 0) document.contents = new YAMLMap();
    else document.setIn(parent, new YAMLMap());
  }
}

/** The document after the change, as the YAML library writes it: right in meaning, comments kept, layout its own. */
function rewritten(text: string, path: readonly string[], leaf: Leaf | undefined): Document {
  const document: Document = openDocument(text);
  if (leaf === undefined) {
    document.deleteIn(path);
    return document;
  }
  ensureParents(document, path);
  const node: unknown = document.getIn(path, true);
  if (leaf.kind === 'text') {
    if (isMap(node) || isSeq(node)) throw cannotEdit(`${path.join('.')} is no single value.`);
    document.setIn(path, leaf.value);
  } else if (isSeq(node)) {
    node.add(document.createNode(leaf.value));
  } else {
    const current = document.getIn(path);
    if (current !== undefined && current !== null) throw cannotEdit(`${path.join('.')} is no list.`);
    const list = new YAMLSeq();
    list.add(document.createNode(leaf.value));
    document.setIn(path, list);
  }
  return document;
}

function edit(text: string, path: readonly string[], leaf: Leaf | undefined): string {
  const document = openDocument(text);
  const target = rewritten(text, path, leaf);
  const wanted = meaningOf(target);
  const spliced =
    leaf === undefined
      ? spliceOut(text, document.contents, path)
      : spliceIn(text, document.contents, path, leaf);
  for (const candidate of [spliced, target.toString({ lineWidth: 0 })]) {
    if (candidate === undefined) continue;
    const read = parseDocument(candidate, { prettyErrors: false });
    if (read.errors.length === 0 && isDeepStrictEqual(meaningOf(read), wanted)) return candidate;
  }
  throw cannotEdit(`its layout does not allow it at ${path.join('.')}; change that key by hand.`);
}

/**
 * The YAML text with another value at `path`; every other line keeps its bytes, whatever its comments, order and
 * quoting. Missing parents are made. `undefined` removes the key (a comment on its line stays, on a line of its own).
 * In layouts that allow no such edit the text is laid out anew with its comments, as a last resort.
 * @throws PatchError `CONFIG_INVALID` when the text is no YAML map, or the key or a parent holds something else.
 */
export function setYamlValue(text: string, path: readonly string[], value: string | undefined): string {
  if (value !== undefined) return edit(text, path, { kind: 'text', value });
  return openDocument(text).hasIn(path) ? edit(text, path, undefined) : text;
}

/**
 * The YAML text with `value` at the end of the list at `path`, unless it is there already; otherwise as `setYamlValue`.
 * @throws PatchError `CONFIG_INVALID` when the text is no YAML map or the key holds something other than a list.
 */
export function addToYamlList(text: string, path: readonly string[], value: string): string {
  const list: unknown = openDocument(text).getIn(path, true);
  if (isSeq(list) && (list.toJSON() as unknown[]).includes(value)) return text;
  return edit(text, path, { kind: 'entry', value });
}
