import type { Enrollment } from '@linux-patch/contract';
import { Alert, Checkbox, Group, Paper, Stack, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';
import { Facts } from '../host/facts.tsx';
import { Prove } from '../session/prove.tsx';
import { useWhyNot } from '../session/session.ts';
import { ActButton } from '../shell/act-button.tsx';
import { When } from '../words/when.tsx';
import { whyNotYet } from './why-not-yet.ts';

interface Decision {
  readonly way: 'approve' | 'deny';
  readonly code: string;
  readonly replace: boolean;
}

function decide({ id }: Enrollment, { way, code, replace }: Decision) {
  const typed = code.trim() === '' ? {} : { code: code.trim() };
  const parameters = { id };
  return way === 'approve'
    ? call('approve', { parameters, body: { ...typed, ...(replace ? { replace } : {}) } })
    : call('deny', { parameters, body: typed });
}

function Conflicts({ request }: { readonly request: Enrollment }) {
  const { conflicts, conflicts_total: total } = request;
  if (total === 0) return null;
  return (
    <Alert color="yellow" title="⚠ Look twice: something speaks against it">
      <ul>
        {conflicts.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
      {total > conflicts.length ? `and ${total - conflicts.length} more` : null}
    </Alert>
  );
}

/** One host that asks to join, with what is needed to decide. */
export function RequestCard({ request }: { readonly request: Enrollment }) {
  const client = useQueryClient();
  const [code, setCode] = useState('');
  const [replace, setReplace] = useState(false);
  const decision = useMutation({
    mutationFn: (one: Decision) => decide(request, one),
    onSuccess: () => client.invalidateQueries(),
  });
  const mayNot = useWhyNot('enrollments:decide');
  const failure = decision.error ? failureOf(decision.error) : undefined;
  const act = (way: Decision['way']): void => decision.mutate({ way, code, replace });
  const whyNot = mayNot ?? whyNotYet(request, code);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (whyNot === undefined) act('approve');
  };
  const { distro, name, version_id } = request.os_details;
  return (
    <Paper withBorder p="md" component="article" aria-label={request.fqdn}>
      <Stack gap="sm">
        <Title order={2} size="h4">
          {request.fqdn}
        </Title>
        <Facts
          of={[
            ['Address', `${request.ip_address}, seen from ${request.observed_address}`],
            ['System', [distro ?? name, version_id].filter(Boolean).join(' ') || 'not said'],
            ['Key', request.key_id ?? 'none: an older agent, whose key this manager makes'],
            ['Asked', <When key="asked" at={request.created_at} />],
          ]}
        />
        <Conflicts request={request} />
        {failure?.code === 'STEP_UP_REQUIRED' && decision.variables ? (
          <Prove proven={() => decision.mutate(decision.variables)} />
        ) : (
          <form onSubmit={submit}>
            <Stack gap="sm">
              {request.generation === 'older' ? null : (
                <TextInput
                  label={`Code of ${request.fqdn}`}
                  autoComplete="off"
                  spellCheck={false}
                  maxLength={64}
                  value={code}
                  onChange={({ currentTarget: { value } }) => setCode(value)}
                />
              )}
              {request.conflicts_total > 0 ? (
                <Checkbox
                  label="It is a host of ours, installed again: take over its record and history"
                  checked={replace}
                  onChange={({ currentTarget: { checked } }) => setReplace(checked)}
                />
              ) : null}
              {failure && failure.code !== 'STEP_UP_REQUIRED' ? (
                <Alert color="red" role="alert">
                  {failure.message}
                </Alert>
              ) : null}
              <Group align="start">
                <ActButton why={whyNot} busy={decision.isPending} act={() => act('approve')}>
                  Let {request.fqdn} in
                </ActButton>
                <ActButton why={mayNot} busy={decision.isPending} act={() => act('deny')} quiet>
                  Deny
                </ActButton>
              </Group>
            </Stack>
          </form>
        )}
      </Stack>
    </Paper>
  );
}
