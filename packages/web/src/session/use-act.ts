import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type CallFailure, failureOf } from '../api/call-failure.ts';

/** Something that somebody asks for, and what came of it. */
export interface Act<W, A> {
  start(wish: W): void;
  /** The same wish once more. */
  again(): void;
  /** Forgets what came of it. */
  forget(): void;
  readonly busy: boolean;
  readonly failure: CallFailure | undefined;
  readonly answer: A | undefined;
}

/**
 * Changes something; what is shown is asked for again. What came of it is shown by `Outcome`.
 * @param done called when it succeeded
 */
export function useAct<W, A>(work: (wish: W) => Promise<A>, done?: (answer: A) => void): Act<W, A> {
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: work,
    onSuccess: (answer) => {
      done?.(answer);
      void client.invalidateQueries();
    },
  });
  const { variables, error, data, isPending } = mutation;
  return {
    start: (wish) => mutation.mutate(wish),
    again: () => mutation.mutate(variables as W),
    forget: () => mutation.reset(),
    busy: isPending,
    failure: error ? failureOf(error) : undefined,
    answer: data,
  };
}
