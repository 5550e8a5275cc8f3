const SHOWN_CHARACTERS = 300;

function wordsOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** What a record says besides who, what and from where; long values are cut. */
export function fieldsOf(fields: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] {
  return Object.entries(fields)
    .filter(([name, value]) => name !== 'address' && value !== null && value !== undefined)
    .map(([name, value]) => [name, wordsOf(value)]);
}

/** From where; undefined when the record does not say. */
export function addressOf({ address, observed_address: observed }: Readonly<Record<string, unknown>>) {
  const known = address ?? observed;
  return typeof known === 'string' ? known : undefined;
}
