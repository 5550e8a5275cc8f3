import type { ApplyRequest, Host, JobSummary } from '@linux-patch/contract';
import { Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { agentCode } from '../api/agent-failure.ts';
import { call } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';
import { adviceFor } from '../job/advice.ts';
import { ApplyPlan } from '../plan/apply-plan.tsx';
import { PlanView } from '../plan/plan-view.tsx';
import { useWhyNot } from '../session/session.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Refused } from '../states/refused.tsx';
import { confirmPlan } from '../words/confirmations.ts';
import { operationWords } from '../words/operation.ts';
import { PolicyRemark } from './policy-remark.tsx';
import { runningJob } from './running-job.ts';
import { whyNotPatch } from './why-not-patch.ts';
import { requestOf } from './wish.ts';
import { WishForm } from './wish-form.tsx';

const route = getRouteApi('/hosts/$name/patch');

/** Whether two requests are the same; their members come in one order. */
function isSame(one: ApplyRequest | undefined, other: ApplyRequest | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function AtWork({ fqdn, job }: { readonly fqdn: string; readonly job: JobSummary }) {
  return (
    <Text>
      {fqdn} is at work:{' '}
      <Link to="/hosts/$name/jobs/$job" params={{ name: fqdn, job: job.job_id }}>
        {operationWords(job)}, {job.status}
      </Link>
    </Text>
  );
}

/** What to patch, the plan of that, and the way to do it. */
export function PatchHost({ host }: { readonly host: Host }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { id, fqdn } = host;
  const request = requestOf(search);
  const onRecord = whyNotPatch(host);
  const running = useQuery({ ...runningJob(id), enabled: onRecord === undefined });
  const mayNot = useWhyNot('hosts:read', host);
  const planning = useMutation({
    mutationFn: (body: ApplyRequest) =>
      call('hostPlan', { parameters: { id }, query: { refresh: true }, body }),
  });
  const plan = isSame(planning.variables, request) ? planning.data : undefined;
  const failure = planning.error ? failureOf(planning.error) : undefined;
  const nothing = request === undefined ? 'Choose at least one update first.' : undefined;
  const job = running.data ?? undefined;
  // The lists of the host are not refreshed beside a job that works with packages.
  const busy = job ? `A job is on its way on ${fqdn}; wait for its end.` : undefined;
  return (
    <Stack>
      <WishForm
        hostId={id}
        fqdn={fqdn}
        search={search}
        change={(next) => void navigate({ search: next, replace: true })}
      />
      <PolicyRemark host={host} operation="update" />
      <ActButton
        why={mayNot ?? onRecord ?? busy ?? nothing}
        busy={planning.isPending}
        act={() => request && planning.mutate(request)}
        quiet={plan !== undefined}
      >
        {plan ? 'Make the plan again' : 'Show what would be done'}
      </ActButton>
      {planning.isPending ? (
        <Text role="status">
          {fqdn} refreshes its package lists and plans; that may take two minutes. Nothing is changed.
        </Text>
      ) : null}
      {failure && !planning.isPending ? (
        <Refused
          title={`${fqdn} made no plan; nothing was changed`}
          failure={failure}
          advice={failure.code === 'AGENT_UNREACHABLE' ? undefined : adviceFor(agentCode(failure))}
        />
      ) : null}
      {planning.data && !plan ? (
        <Text role="status">You chose something else since the plan was made; make it again.</Text>
      ) : null}
      {job ? <AtWork fqdn={fqdn} job={job} /> : null}
      {plan && request ? (
        <>
          <PlanView plan={plan} />
          <ApplyPlan
            key={`${plan.plan_hash} ${plan.planned_at}`}
            fqdn={fqdn}
            plan={plan}
            asks={confirmPlan(fqdn, plan, request)}
            why={onRecord ?? busy}
            apply={(idempotencyKey) =>
              call('hostApply', {
                parameters: { id },
                body: { ...request, plan_hash: plan.plan_hash },
                idempotencyKey,
              })
            }
            begun={(jobId) =>
              void navigate({ to: '/hosts/$name/jobs/$job', params: { name: fqdn, job: jobId }, search })
            }
          />
        </>
      ) : null}
    </Stack>
  );
}
