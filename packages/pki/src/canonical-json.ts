/** What RFC 8785 can canonicalise. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [member: string]: Json };

/**
 * The RFC 8785 (JCS) text of a value: members sorted by UTF-16 code units, no white space, ECMAScript numbers
 * and string escapes. Throws RangeError for what has no JSON form (NaN, infinities, lone surrogates).
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError('a number without a JSON form');
  if (typeof value === 'string' && !value.isWellFormed())
    throw new RangeError('a string with a lone surrogate');
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${canonicalJson(name)}:${canonicalJson(member)}`).join(',')}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
