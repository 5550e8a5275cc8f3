import type { Job, Plan } from '@linux-patch/contract';
import { Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { agentCode } from '../api/agent-failure.ts';
import { call } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';
import { ApplyPlan } from '../plan/apply-plan.tsx';
import { PlanView } from '../plan/plan-view.tsx';
import { useWhyNot } from '../session/session.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Refused } from '../states/refused.tsx';
import { confirmRollback } from '../words/confirmations.ts';
import { count } from '../words/count.ts';
import { adviceFor } from './advice.ts';
import { whyNoRollback, whyTakesNothing } from './nothing-to-roll-back.ts';

/** Shows what would take a job back, and then does that, after a question. */
export function RollBack({ host, job }: { readonly host: string; readonly job: Job }) {
  const navigate = useNavigate();
  const mayNot = useWhyNot('hosts:read');
  const { job_id: of } = job;
  const planning = useMutation({
    mutationFn: () =>
      call('hostPackagePlan', { parameters: { id: host }, body: { operation: 'rollback', job_id: of } }),
  });
  const plan: Plan | undefined = planning.data;
  const failure = planning.error ? failureOf(planning.error) : undefined;
  return (
    <Stack>
      <ActButton
        why={mayNot ?? whyNoRollback(job)}
        busy={planning.isPending}
        act={() => planning.mutate()}
        quiet
      >
        {plan ? 'Make the plan again' : 'Show what rolling it back would do'}
      </ActButton>
      {failure && !planning.isPending ? (
        <Refused
          title={`${host} made no plan; nothing was changed`}
          failure={failure}
          advice={failure.code === 'AGENT_UNREACHABLE' ? undefined : adviceFor(agentCode(failure))}
        />
      ) : null}
      {plan ? (
        <>
          <PlanView plan={plan} />
          <ApplyPlan
            key={`${plan.plan_hash} ${plan.planned_at}`}
            fqdn={host}
            plan={plan}
            does={
              plan.steps.length === 0
                ? `Roll this job back on ${host}`
                : `Roll back ${count(plan.steps.length, 'package')} on ${host}`
            }
            asks={confirmRollback(host, plan)}
            why={whyTakesNothing(plan, job)}
            apply={(idempotencyKey) =>
              call('hostRollback', {
                parameters: { id: host, job: of },
                body: { plan_hash: plan.plan_hash },
                idempotencyKey,
              })
            }
            begun={(begun) =>
              void navigate({ to: '/hosts/$name/jobs/$job', params: { name: host, job: begun } })
            }
          />
        </>
      ) : null}
    </Stack>
  );
}
