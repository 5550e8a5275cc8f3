/**
 * What steers a terminal, is not seen, or reorders what is: controls (C0, C1, DEL), formats (bidirectional, zero
 * width, tags), line and paragraph separators, lone surrogates, and what a renderer leaves out (Unicode 16, DerivedCoreProperties).
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** `\uXXXX` for each UTF-16 unit, as JSON writes it: inside a JSON string the value stays the same. */
function escaped(character: string): string {
  let text = '';
  for (let at = 0; at < character.length; at += 1)
    text += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return text;
}

/** Text as a terminal may have it, whoever wrote it; line feeds stay. JSON stays JSON of the same value. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => (character === '\n' ? character : escaped(character)));
}

/** The same for one line, one cell or one status: nobody's text begins a line of its own. */
export function printableLine(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}
