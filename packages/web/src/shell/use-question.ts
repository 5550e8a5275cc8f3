import { useState } from 'react';
import type { Act } from '../session/use-act.ts';
import type { Confirmation } from '../words/confirmations.ts';

/** An act that is asked about before it is done. Shown by `Asked`. */
export interface Question<W> {
  readonly act: Act<W, unknown>;
  /** What is asked now; undefined while nothing is. */
  readonly asks: Confirmation | undefined;
  /** Asks, about what is wished at this moment. */
  readonly ask: (asks: Confirmation, wish: W) => void;
  readonly confirm: () => void;
  readonly leave: () => void;
}

/** Asks before an act, however it was wished for. */
export function useQuestion<W>(act: Act<W, unknown>): Question<W> {
  const [open, setOpen] = useState<{ readonly asks: Confirmation; readonly wish: W }>();
  if (open && act.answer !== undefined) setOpen(undefined);
  return {
    act,
    asks: open?.asks,
    ask: (asks, wish) => {
      act.forget();
      setOpen({ asks, wish });
    },
    confirm: () => {
      if (open) act.start(open.wish);
    },
    leave: () => {
      act.forget();
      setOpen(undefined);
    },
  };
}
