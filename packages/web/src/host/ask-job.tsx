import type { Host, PolicyOperation } from '@linux-patch/contract';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { failureOf } from '../api/call-failure.ts';
import { NotBegun } from '../job/not-begun.tsx';
import { PolicyRemark } from '../patch/policy-remark.tsx';
import { whyNotPatch } from '../patch/why-not-patch.ts';
import { useWhyNot } from '../session/session.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Confirm } from '../shell/confirm.tsx';
import type { Confirmation } from '../words/confirmations.ts';

/** Asks a host for a job, after a question, and goes to the job. */
export function AskJob({
  host,
  operation,
  does,
  asks,
  wish,
  ask,
  children,
}: {
  readonly host: Host;
  /** As the policy of the host calls it. */
  readonly operation: PolicyOperation;
  /** On the button that asks the question. */
  readonly does: string;
  readonly asks: Confirmation;
  /** What is wished, as a text; a second try with the same one is the same job. */
  readonly wish: string;
  readonly ask: (idempotencyKey: string) => Promise<{ readonly job_id: string }>;
  /** What else has to be chosen. */
  readonly children?: ReactNode;
}) {
  const { fqdn } = host;
  const navigate = useNavigate();
  const [isAsked, setAsked] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another wish is another job
  const key = useMemo(() => crypto.randomUUID(), [wish]);
  const mayNot = useWhyNot('hosts:patch', host);
  const why = mayNot ?? whyNotPatch(host);
  const job = useMutation({
    mutationFn: () => ask(key),
    onSuccess: ({ job_id }) =>
      void navigate({ to: '/hosts/$name/jobs/$job', params: { name: fqdn, job: job_id } }),
  });
  const trouble = job.error ? <NotBegun fqdn={fqdn} failure={failureOf(job.error)} /> : null;
  return (
    <>
      <ActButton why={why} act={() => setAsked(true)} quiet>
        {does} …
      </ActButton>
      {isAsked ? (
        <Confirm
          asks={asks}
          why={why}
          busy={job.isPending}
          act={() => job.mutate()}
          back={() => setAsked(false)}
        >
          <PolicyRemark host={host} operation={operation} />
          {children}
          {trouble}
        </Confirm>
      ) : (
        trouble
      )}
    </>
  );
}
