/** What a table of meanings says, with what it has between backticks as code. */
export function Prose({ text }: { readonly text: string }) {
  // A part is its place: the text of a table does not change.
  return text
    .split('`')
    .map((part, place) => (place % 2 === 1 ? <code key={String(place)}>{part}</code> : part));
}
