/** What a browser loads before it shows anything, compressed. With React as developers have it, it would be more. */
const INITIAL_BYTES = 200_000;
/** What it loads for one screen more. */
const CHUNK_BYTES = 40_000;

interface Verdict {
  readonly initialBytes: number;
  /** What is over its budget, for people. */
  readonly faults: readonly string[];
}

/**
 * Judges the sizes of a built page.
 * @param index the document, which names what is loaded at first
 * @param sizes compressed, by name below the page's folder
 */
export function overBudget(index: string, sizes: ReadonlyMap<string, number>): Verdict {
  const named = [...index.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, name = '']) => name);
  if (named.length === 0)
    return { initialBytes: 0, faults: ['The document of the page names no file of it.'] };
  const initial = new Set(['index.html', ...named]);
  const initialBytes = [...initial].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  const large = [...sizes].filter(([name, size]) => !initial.has(name) && size > CHUNK_BYTES);
  return {
    initialBytes,
    faults: [
      ...(initialBytes > INITIAL_BYTES
        ? [`The page loads ${initialBytes} bytes at first; its budget is ${INITIAL_BYTES}.`]
        : []),
      ...large.map(([name, size]) => `${name} has ${size} bytes; the budget of a screen is ${CHUNK_BYTES}.`),
    ],
  };
}
