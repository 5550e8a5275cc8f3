import { Alert } from '@mantine/core';
import { Prove } from './prove.tsx';
import type { Act } from './use-act.ts';

/** Why something was not done, or what it takes to be done. Stands beside a form and not in it, since it may be one itself. */
export function Outcome({ of }: { readonly of: Pick<Act<never, unknown>, 'failure' | 'again'> }) {
  const { failure, again } = of;
  if (failure === undefined) return null;
  if (failure.code === 'STEP_UP_REQUIRED') return <Prove proven={again} />;
  return (
    <Alert color="red" role="alert" mt="sm">
      {failure.message}
    </Alert>
  );
}
