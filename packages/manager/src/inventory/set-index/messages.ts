import type { HostSet, Sets, Wanted } from './sets.ts';

/** What an index is asked. */
export type SetQuestion =
  | { readonly kind: 'holding'; readonly ids: readonly number[] }
  | ({ readonly kind: 'lacking' } & Wanted)
  | { readonly kind: 'count'; readonly ids: readonly number[]; readonly except: readonly string[] };

/** What an index is told; it answers questions in the order in which they come. */
export type SetMessage =
  | { readonly kind: 'put'; readonly sets: readonly HostSet[] }
  | { readonly kind: 'forget'; readonly hostId: string }
  | (SetQuestion & { readonly number: number });

/** What the answers to questions are. */
export interface SetAnswers {
  readonly holding: ReturnType<Sets['holding']>;
  readonly lacking: ReturnType<Sets['lacking']>;
  readonly count: ReturnType<Sets['count']>;
}

/** An answer, with the revision of the sets that it reflects. */
export interface SetAnswer<T = SetAnswers[keyof SetAnswers]> {
  readonly revision: number;
  readonly found: T;
}

export interface NumberedAnswer {
  readonly number: number;
  readonly answer: SetAnswer;
}
