import type { Host } from '@linux-patch/contract';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';
import { NotBegun } from '../job/not-begun.tsx';
import { whyNotPatch } from '../patch/why-not-patch.ts';
import { useWhyNot } from '../session/session.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Confirm } from '../shell/confirm.tsx';
import { confirmRestart } from '../words/confirmations.ts';

/** Restarts a service of a host, after a question, and goes to the job; a second try is the same job. */
export function RestartService({ host, name }: { readonly host: Host; readonly name: string }) {
  const { id, fqdn } = host;
  const navigate = useNavigate();
  const [isAsked, setAsked] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const mayNot = useWhyNot('hosts:patch', host);
  const why = mayNot ?? whyNotPatch(host);
  const restart = useMutation({
    mutationFn: () => call('hostServiceRestart', { parameters: { id, name }, idempotencyKey: key }),
    onSuccess: ({ job_id: job }) =>
      void navigate({ to: '/hosts/$name/jobs/$job', params: { name: fqdn, job } }),
  });
  const trouble = restart.error ? <NotBegun fqdn={fqdn} failure={failureOf(restart.error)} /> : null;
  return (
    <>
      <ActButton why={why} act={() => setAsked(true)} quiet>
        Restart {name} …
      </ActButton>
      {isAsked ? (
        <Confirm
          asks={confirmRestart(fqdn, name)}
          why={why}
          busy={restart.isPending}
          act={() => restart.mutate()}
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
