import { type CustomTypesConfig, types } from 'pg';

/** Types by their numbers in `pg_type`. */
const INT8 = 20;
const NUMERIC = 1700;
const BYTEA = 17;

/** Counts and instants: SQLite hands them over as numbers as well. @throws RangeError beyond 2^53 */
function toNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new RangeError(`${text} is more than a number can tell`);
  return value;
}

const parseBytes: (text: string) => Uint8Array = types.getTypeParser(BYTEA);

const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [INT8]: toNumber,
  [NUMERIC]: toNumber,
  [BYTEA]: (text) => new Uint8Array(parseBytes(text)),
};

/** Values as SQLite hands them over: every number a number, bytes as `Uint8Array`. */
export const PLAIN_TYPES: CustomTypesConfig = {
  getTypeParser: (type, format) => PARSERS[type] ?? types.getTypeParser(type, format),
};

/** What a text of PostgreSQL cannot hold (the character NUL) is shown as what cannot be shown. */
export function storable(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value;
}
