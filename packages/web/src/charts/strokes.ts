/** How lines are told apart: by their dashes, and by a colour for whoever sees it. */
export const STROKES: readonly { readonly colour: string; readonly dash: readonly number[] }[] = [
  { colour: 'green-8', dash: [] },
  { colour: 'orange-8', dash: [10, 4] },
  { colour: 'text', dash: [2, 4] },
  { colour: 'red-8', dash: [12, 3, 2, 3] },
];
