import type { ApplyRequest, Host, Plan } from '@linux-patch/contract';
import { Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';
import { NotBegun } from '../job/not-begun.tsx';
import { whyNotApply } from '../plan/plan-sentences.ts';
import { useWhyNot } from '../session/session.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Confirm } from '../shell/confirm.tsx';
import { confirmPlan } from '../words/confirmations.ts';
import { count } from '../words/count.ts';

/** Does what a plan says on its host, after a question; a second try is the same job. */
export function ApplyPlan({
  host,
  plan,
  request,
  why,
  begun,
}: {
  readonly host: Host;
  readonly plan: Plan;
  readonly request: ApplyRequest;
  /** Why it cannot be done now, for what is not of the plan; undefined when it can. */
  readonly why: string | undefined;
  readonly begun: (jobId: string) => void;
}) {
  const [isAsked, setAsked] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const mayNot = useWhyNot('hosts:patch', host);
  const apply = useMutation({
    mutationFn: () =>
      call('hostApply', {
        parameters: { id: host.id },
        body: { ...request, plan_hash: plan.plan_hash },
        idempotencyKey: key,
      }),
    onSuccess: ({ job_id: jobId }) => begun(jobId),
  });
  const { fqdn } = host;
  const whyNot = mayNot ?? why ?? whyNotApply(plan);
  const trouble = apply.error ? <NotBegun fqdn={fqdn} failure={failureOf(apply.error)} /> : null;
  return (
    <Stack>
      <ActButton why={whyNot} act={() => setAsked(true)}>
        Apply {count(plan.steps.length, 'change')} to {fqdn}
      </ActButton>
      {isAsked ? (
        <Confirm
          asks={confirmPlan(fqdn, plan, request)}
          why={whyNot}
          busy={apply.isPending}
          act={() => apply.mutate()}
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
