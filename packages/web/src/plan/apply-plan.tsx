import type { JobAccepted, Plan } from '@linux-patch/contract';
import { Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { failureOf } from '../api/call-failure.ts';
import { NotBegun } from '../job/not-begun.tsx';
import { useWhyNot } from '../session/session.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Confirm } from '../shell/confirm.tsx';
import type { Confirmation } from '../words/confirmations.ts';
import { count } from '../words/count.ts';
import { whyNotApply } from './plan-sentences.ts';

/** Does what a plan says on its host, after a question; a second try is the same job. */
export function ApplyPlan({
  fqdn,
  plan,
  does = plan.steps.length === 0
    ? `Apply to ${fqdn}`
    : `Apply ${count(plan.steps.length, 'change')} to ${fqdn}`,
  asks,
  why,
  apply,
  begun,
}: {
  readonly fqdn: string;
  readonly plan: Plan;
  /** On the button that asks: what doing it is, where that is not to change something as wished. */
  readonly does?: string;
  readonly asks: Confirmation;
  /** Why it cannot be done now, for what is not of the plan; undefined when it can. */
  readonly why?: string | undefined;
  readonly apply: (idempotencyKey: string) => Promise<JobAccepted>;
  readonly begun: (jobId: string) => void;
}) {
  const [isAsked, setAsked] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const mayNot = useWhyNot('hosts:patch');
  const applying = useMutation({
    mutationFn: () => apply(key),
    onSuccess: ({ job_id: jobId }) => begun(jobId),
  });
  const whyNot = mayNot ?? why ?? whyNotApply(plan);
  const trouble = applying.error ? <NotBegun fqdn={fqdn} failure={failureOf(applying.error)} /> : null;
  return (
    <Stack>
      <ActButton why={whyNot} act={() => setAsked(true)}>
        {does}
      </ActButton>
      {isAsked ? (
        <Confirm
          asks={asks}
          why={whyNot}
          busy={applying.isPending}
          act={() => applying.mutate()}
          back={() => setAsked(false)}
        >
          {trouble}
        </Confirm>
      ) : (
        trouble
      )}
    </Stack>
  );
}
