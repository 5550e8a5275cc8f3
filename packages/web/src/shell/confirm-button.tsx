import { type ReactNode, useState } from 'react';
import { Outcome } from '../session/outcome.tsx';
import type { Act } from '../session/use-act.ts';
import type { Confirmation } from '../words/confirmations.ts';
import { ActButton } from './act-button.tsx';
import { Confirm } from './confirm.tsx';

/** A button for what cannot be taken back: it first says what will happen, to whom, and is confirmed. */
export function ConfirmButton<W>({
  asks,
  why,
  act,
  wish,
  children,
}: {
  readonly asks: Confirmation;
  /** Why it cannot be done; undefined when it can. */
  readonly why: string | undefined;
  readonly act: Act<W, unknown>;
  readonly wish: W;
  /** What else has to be chosen. */
  readonly children?: ReactNode;
}) {
  const [isOpen, setOpen] = useState(false);
  const turn = (open: boolean): void => {
    act.forget();
    setOpen(open);
  };
  return (
    <>
      <ActButton why={why} act={() => turn(true)} quiet>
        {asks.yes} …
      </ActButton>
      {isOpen && act.answer === undefined ? (
        <Confirm asks={asks} why={why} busy={act.busy} act={() => act.start(wish)} back={() => turn(false)}>
          {children}
          <Outcome of={act} />
        </Confirm>
      ) : null}
    </>
  );
}
