/** How much structure a JSON text may have before it is parsed. */
export interface JsonLimits {
  /** Objects and lists within each other. */
  readonly depth: number;
  /** Members, items, objects and lists in all. */
  readonly values: number;
}

/** Enough for whatever people write and small programs say. */
export const SMALL_JSON: JsonLimits = { depth: 16, values: 20_000 };

/**
 * Parses JSON of a peer. A short text can stand for very many objects, which cost a hundred times its length; so it is
 * looked through first, which costs nothing.
 *
 * @throws SyntaxError for what is no JSON; RangeError for what has too much structure
 */
export function parseJson(text: string, limits: JsonLimits = SMALL_JSON): unknown {
  requireStructure(text, limits);
  return JSON.parse(text);
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Counts what stands outside strings; whether the text is JSON at all is the parser's business. */
function requireStructure(text: string, limits: JsonLimits): void {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COMMA) values += 1;
    else if (OPENING.has(code)) {
      depth += 1;
      values += 1;
    } else if (CLOSING.has(code)) depth -= 1;
    if (depth > limits.depth) throw new RangeError(`it is nested more than ${limits.depth} deep`);
    if (values > limits.values) throw new RangeError(`it has more than ${limits.values} values`);
  }
}

/** Where the string that begins at a quote ends; the end of the text when it does not. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
