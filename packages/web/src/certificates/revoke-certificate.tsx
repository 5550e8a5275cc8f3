import type { Certificate } from '@linux-patch/contract';
import { Alert, Group, NativeSelect, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type Answered, call } from '../api/call.ts';
import { Outcome } from '../session/outcome.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
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
  const { serial, host, subject, kind, state } = certificate;
  const whom = host ?? subject;
  const act = useAct(() => call('revokeCertificate', { parameters: { serial }, body: { reason } }));
  if (act.answer) return <Delivered revoked={act.answer} whom={whom} />;
  return (
    <Alert color="red" title={`Revoke the certificate ${serial} of ${whom}?`} my="md">
      <Text>
        {kind === 'agent'
          ? `For good: ${whom} is believed by nobody with it, and cannot renew it. It has to ask to join again.`
          : 'For good: it is one of this manager. It makes another one by itself.'}
      </Text>
      <NativeSelect
        label="Why"
        my="xs"
        data={REASONS.map((one) => ({ ...one }))}
        value={reason}
        onChange={({ currentTarget: { value } }) => setReason(value as Reason)}
      />
      <Group>
        <ActButton
          why={mayNot ?? (state === 'valid' ? undefined : `It is ${state} already.`)}
          busy={act.busy}
          act={() => act.start(undefined)}
        >
          Revoke the certificate of {whom}
        </ActButton>
        <Link to="/certificates" search={({ revoke: _revoke, ...before }) => before}>
          Leave it
        </Link>
      </Group>
      <Outcome of={act} />
    </Alert>
  );
}
