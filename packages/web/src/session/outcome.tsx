import { Alert } from '@mantine/core';
import { Prove } from './prove.tsx';
import type { Act } from './use-act.ts';

/** Said beside what was asked for; the sign-in is asked for above all of the page. */
const OVER = 'Your session was over, so nothing was done. Sign in again, then ask for it once more.';

/** Why something was not done, or what it takes to be done. Stands beside a form and not in it, since it may be one itself. */
export function Outcome({ of }: { readonly of: Pick<Act<never, unknown>, 'failure' | 'again'> }) {
  const { failure, again } = of;
  if (failure === undefined) return null;
  if (failure.code === 'STEP_UP_REQUIRED') return <Prove proven={again} />;
  return (
    <Alert color="red" role="alert" mt="sm">
      {failure.code === 'UNAUTHORIZED' ? OVER : failure.message}
    </Alert>
  );
}
