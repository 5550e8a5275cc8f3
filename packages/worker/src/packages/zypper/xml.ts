import { PatchError } from '@linux-patch/contract';

/** An element of what zypper prints with `--xmlout`. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Of this element alone, without that of its children. */
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const TAG = /<\?[^>]*\?>|<(\/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+="[^"]*")*)\s*(\/?)>/g;
const ATTRIBUTE = /([\w:.-]+)="([^"]*)"/g;
const ENTITY = /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g;
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
/** zypper's own are five deep; what is deeper counts as text of no one. */
const MOST_DEPTH = 32;
const LAST_CODE_POINT = 0x10ffff;

function decode(text: string): string {
  return text.replace(ENTITY, (all, name?: string, decimal?: string, hexadecimal?: string) => {
    if (name !== undefined) return NAMED[name] ?? all;
    const code = decimal === undefined ? parseInt(hexadecimal ?? '', 16) : Number(decimal);
    return code <= LAST_CODE_POINT ? String.fromCodePoint(code) : all;
  });
}

function attributesOf(text: string): Map<string, string> {
  return new Map([...text.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [name, decode(value)]));
}

/**
 * Reads the elements of a text, in order. zypper writes scripts' and repositories' words with `<` encoded, so that they
 * are text; the beginning or the end may be missing, as of a run that was stopped.
 */
export function parseXml(text: string): XmlElement {
  const root: Open = { name: '', attributes: new Map(), children: [], text: '' };
  const open: Open[] = [root];
  let at = 0;
  for (const match of text.matchAll(TAG)) {
    const [all, closing, name, attributes = '', empty] = match;
    const top = open.at(-1) ?? root;
    top.text += decode(text.slice(at, match.index));
    at = match.index + all.length;
    if (name === undefined) continue;
    if (closing === '/') close(open, name);
    else {
      const element: Open = { name, attributes: attributesOf(attributes), children: [], text: '' };
      top.children.push(element);
      if (empty !== '/' && open.length < MOST_DEPTH) open.push(element);
    }
  }
  return root;
}

/** Ends the innermost element of this name; a word that ends none is passed over. */
function close(open: Open[], name: string): void {
  const index = open.findLastIndex((one) => one.name === name);
  if (index > 0) open.length = index;
}

/** Every element of a name, at any depth, in order. */
export function elementsOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((one) => [...(one.name === name ? [one] : []), ...elementsOf(one, name)]);
}

/** Whether this is the whole of what zypper had to say. */
export function isWhole(text: string): boolean {
  return /<\/stream>\s*$/.test(text);
}

/** Whether an answer is one from its first word to its last, and each tag in it one that is read. */
export function isUndamaged(text: string): boolean {
  const inStream = /^\s*<\?xml[^>]*\?>\s*<stream\b/.test(text) && isWhole(text);
  return inStream && !text.replaceAll(TAG, '').includes('<');
}

/**
 * The entries of a list that zypper prints also when it is empty, at any depth.
 * @throws PatchError `PKG_MANAGER_ERROR` without it: what was not said is not nothing
 */
export function listedIn(answer: XmlElement, list: string, entry: string): XmlElement[] {
  if (elementsOf(answer, list).length === 0)
    throw new PatchError('PKG_MANAGER_ERROR', `zypper's answer has no ${list}, so it is not understood.`);
  return elementsOf(answer, entry);
}
