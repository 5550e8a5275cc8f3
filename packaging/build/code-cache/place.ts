/** Where a function of a program begins and ends, in characters. */
export type Place = readonly [start: number, end: number];

/** For sorting: the order of the text, a function before those inside it. */
export function inOrder([start, end]: Place, [otherStart, otherEnd]: Place): number {
  return start - otherStart || otherEnd - end;
}
