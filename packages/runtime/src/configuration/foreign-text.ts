/** Blanks that look like one on the screen and are letters in YAML (YAML 1.2 §5.5 knows space and tab only). */
const INVISIBLE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]/;

/**
 * What to add to a fault of a line with a blank that is none, as word processors and web pages put them; empty when it has
 * none. A byte order mark at the very beginning of a file is no fault.
 */
export function invisibleBlank(line: string): string {
  const [found] = INVISIBLE.exec(line.replace(/^\ufeff/, '')) ?? [];
  if (found === undefined) return '';
  const code = found.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
  const name = found === '\u00a0' ? 'a no-break space' : 'an invisible character';
  return ` (the line has ${name}, U+${code}, which is no blank in YAML: type the line again)`;
}

/** Whether a text is UTF-16 that was read as UTF-8: every other octet of its letters is zero. */
export function isUtf16(text: string): boolean {
  return (
    text.startsWith('\ufffd\ufffd') ||
    /^[\ufffd\s]{0,2}[\x20-\x7e]\0[\x20-\x7e\n\r]\0/.test(text) ||
    /^\0[\x20-\x7e]\0/.test(text)
  );
}
