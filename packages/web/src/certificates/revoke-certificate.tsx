import type { Certificate } from '@linux-patch/contract';
import { Alert, NativeSelect } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type Answered, call } from '../api/call.ts';
import { Outcome } from '../session/outcome.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { Confirm } from '../shell/confirm.tsx';
import { confirmRevokeCertificate } from '../words/confirmations.ts';
import { count } from '../words/count.ts';

const REASONS = [
  { value: 'unspecified', label: 'no reason given' },
  { value: 'keyCompromise', label: 'its key is, or may be, in wrong hands' },
  { value: 'cessationOfOperation', label: 'the host is no more' },
  { value: 'superseded', label: 'another one took its place' },
  { value: 'affiliationChanged', label: 'the host belongs to somebody else' },
  { value: 'privilegeWithdrawn', label: 'the host may not be of this fleet any more' },
] as const;
type Reason = (typeof REASONS)[number]['value'];

function Delivered({
  revoked,
  whom,
}: {
  readonly revoked: Answered<'revokeCertificate'>;
  readonly whom: string;
}) {
  const { taken, hosts, pending } = revoked.delivery;
  return (
    <Alert color="blue" role="status">
      {revoked.changed ? 'Revoked' : 'It was revoked before'}: the certificate {revoked.certificate.serial} of{' '}
      {whom}. {taken} of {count(hosts, 'host')} know it already
      {pending.length === 0
        ? '.'
        : `; the others are told until they do, first ${pending[0]?.fqdn}: ${pending[0]?.reason}`}
    </Alert>
  );
}

/** Asks once more before a certificate is revoked, by the name of its host. */
export function RevokeCertificate({ certificate }: { readonly certificate: Certificate }) {
  const mayNot = useWhyNot('certificates:revoke');
  const [reason, setReason] = useState<Reason>('unspecified');
  const { serial, host, subject, state } = certificate;
  const navigate = useNavigate();
  const whom = host ?? subject;
  const act = useAct((wish: Reason) =>
    call('revokeCertificate', { parameters: { serial }, body: { reason: wish } }),
  );
  if (act.answer) return <Delivered revoked={act.answer} whom={whom} />;
  return (
    <Confirm
      asks={confirmRevokeCertificate(certificate, whom)}
      why={mayNot ?? (state === 'valid' ? undefined : `It is ${state} already.`)}
      busy={act.busy}
      act={() => act.start(reason)}
      back={() => void navigate({ to: '/certificates', search: ({ revoke: _revoke, ...before }) => before })}
    >
      <NativeSelect
        label="Why"
        data={REASONS.map((one) => ({ ...one }))}
        value={reason}
        onChange={({ currentTarget: { value } }) => setReason(value as Reason)}
      />
      <Outcome of={act} />
    </Confirm>
  );
}
