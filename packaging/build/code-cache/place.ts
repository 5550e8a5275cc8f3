/** Where a function of a program begins and ends, in characters. */
export type Place = readonly [start: number, end: number];
