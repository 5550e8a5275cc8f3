import type { Job } from '@linux-patch/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { agentCode } from '../api/agent-failure.ts';
import { type Answered, call } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';
import { useWhyNot } from '../session/session.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Confirm } from '../shell/confirm.tsx';
import { Refused } from '../states/refused.tsx';
import { confirmCancel } from '../words/confirmations.ts';
import { adviceFor } from './advice.ts';
import { isOver, jobQuery } from './job-query.ts';

const DONE: Readonly<Record<Answered<'cancelHostJob'>['action'], string>> = {
  cancelling: 'It is being cancelled; how it ends is shown here.',
  cancelled: 'It is cancelled; it had not begun.',
  deleted:
    'It ended in this very moment, and its record on the host is gone. The history of the host has what it changed.',
};

/** Ends a job that waits or runs, after a question. */
export function CancelJob({ host, job }: { readonly host: string; readonly job: Job }) {
  const client = useQueryClient();
  const [isAsked, setAsked] = useState(false);
  const mayNot = useWhyNot('hosts:patch');
  const cancel = useMutation({
    mutationFn: () => call('cancelHostJob', { parameters: { id: host, job: job.job_id } }),
    onSettled: () => client.invalidateQueries({ queryKey: jobQuery(host, job.job_id).queryKey }),
    onSuccess: () => setAsked(false),
  });
  const failure = cancel.error ? failureOf(cancel.error) : undefined;
  const why = mayNot ?? (cancel.data ? DONE[cancel.data.action] : undefined);
  if (isOver(job)) return null;
  const trouble = failure ? (
    <Refused
      title="The job was not cancelled, as far as is known"
      failure={failure}
      advice={adviceFor(agentCode(failure))}
    />
  ) : null;
  return (
    <>
      <ActButton why={why} act={() => setAsked(true)} quiet>
        Cancel the job
      </ActButton>
      {isAsked ? (
        <Confirm
          asks={confirmCancel(host)}
          why={why}
          busy={cancel.isPending}
          act={() => cancel.mutate()}
          back={() => setAsked(false)}
        >
          {trouble}
        </Confirm>
      ) : (
        trouble
      )}
    </>
  );
}
