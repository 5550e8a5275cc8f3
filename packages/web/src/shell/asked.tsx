import { Outcome } from '../session/outcome.tsx';
import { Confirm } from './confirm.tsx';
import type { Question } from './use-question.ts';

/** The dialog of a question while it is asked, with what came of the act. Stands beside a form and not in it. */
export function Asked<W>({
  question: { asks, act, confirm, leave },
  why,
}: {
  readonly question: Question<W>;
  /** Why it cannot be done any more; undefined when it can. */
  readonly why: string | undefined;
}) {
  if (!asks) return <Outcome of={act} />;
  return (
    <Confirm asks={asks} why={why} busy={act.busy} act={confirm} back={leave}>
      <Outcome of={act} />
    </Confirm>
  );
}
