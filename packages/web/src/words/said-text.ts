/** What steers, is not seen, or reorders what is. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** More marks than any language puts on one letter reach into the lines around. */
const PILE = /(\p{M}{4})\p{M}+/gu;

/** As the command line writes it: `\uXXXX` for each UTF-16 unit. */
function shown(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
}

/** What somebody else said, as it can stand on the screen: what would not be seen is named, so that two things never look alike by it. */
export function saidText(text: string): string {
  return text.replace(UNSEEN, shown).replace(PILE, '$1…');
}
