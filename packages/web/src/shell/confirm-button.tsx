import type { Act } from '../session/use-act.ts';
import type { Confirmation } from '../words/confirmations.ts';
import { ActButton } from './act-button.tsx';
import { Asked } from './asked.tsx';
import { useQuestion } from './use-question.ts';

/** A button that first says what will happen, and to whom, and is confirmed. */
export function ConfirmButton<W>({
  asks,
  why,
  act,
  wish,
}: {
  readonly asks: Confirmation;
  /** Why it cannot be done; undefined when it can. */
  readonly why: string | undefined;
  readonly act: Act<W, unknown>;
  readonly wish: W;
}) {
  const question = useQuestion(act);
  return (
    <>
      <ActButton why={why} act={() => question.ask(asks, wish)} quiet>
        {asks.yes} …
      </ActButton>
      <Asked question={question} why={why} />
    </>
  );
}
