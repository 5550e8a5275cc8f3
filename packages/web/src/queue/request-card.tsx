import type { Enrollment } from '@linux-patch/contract';
import { Alert, Checkbox, Paper, Stack, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { Facts } from '../host/facts.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Asked } from '../shell/asked.tsx';
import { useQuestion } from '../shell/use-question.ts';
import { confirmDeny, confirmLetIn } from '../words/confirmations.ts';
import { Said } from '../words/said.tsx';
import { saidText } from '../words/said-text.ts';
import { When } from '../words/when.tsx';
import { CompareHosts } from './compare-hosts.tsx';
import { whyNotYet } from './why-not-yet.ts';

interface Decision {
  readonly way: 'approve' | 'deny';
  readonly code: string;
  readonly replace: boolean;
  readonly reason: string;
}

function decide({ id }: Enrollment, { way, code, replace, reason }: Decision) {
  const typed = code.trim() === '' ? {} : { code: code.trim() };
  const parameters = { id };
  return way === 'approve'
    ? call('approve', { parameters, body: { ...typed, ...(replace ? { replace } : {}) } })
    : call('deny', {
        parameters,
        body: { ...typed, ...(reason.trim() === '' ? {} : { reason: reason.trim() }) },
      });
}

function Conflicts({ request }: { readonly request: Enrollment }) {
  const { conflicts, conflicts_total: total } = request;
  if (total === 0) return null;
  return (
    <Alert color="yellow" title="⚠ Look twice: something speaks against it">
      <ul>
        {conflicts.map((one) => (
          <li key={one}>
            <Said text={one} />
          </li>
        ))}
      </ul>
      {total > conflicts.length ? `and ${total - conflicts.length} more` : null}
      <CompareHosts request={request} />
    </Alert>
  );
}

/** What the host says of itself. */
function Asker({ request }: { readonly request: Enrollment }) {
  const { distro, name, version_id } = request.os_details;
  return (
    <Facts
      of={[
        ['Address', `${request.ip_address}, seen from ${request.observed_address}`],
        [
          'System',
          <Said key="system" text={[distro ?? name, version_id].filter(Boolean).join(' ') || 'not said'} />,
        ],
        ['Key', request.key_id ?? 'none: an older agent, whose key this manager makes'],
        ['Asked', <When key="asked" at={request.created_at} />],
      ]}
    />
  );
}

/** One host that asks to join, with what is needed to decide. */
export function RequestCard({ request }: { readonly request: Enrollment }) {
  const [typed, setTyped] = useState({ code: '', replace: false, reason: '' });
  const decision = useAct((one: Decision) => decide(request, one));
  const mayNot = useWhyNot('enrollments:decide');
  const question = useQuestion(decision);
  const letIn = (): void => {
    const wish = { way: 'approve', ...typed } as const;
    const hasCode = typed.code.trim() !== '';
    if (hasCode && !typed.replace) decision.start(wish);
    else question.ask(confirmLetIn(fqdn, { hasCode, takesOver: typed.replace }), wish);
  };
  const type = (part: Partial<typeof typed>): void => setTyped((before) => ({ ...before, ...part }));
  const whyNot = mayNot ?? whyNotYet(request, typed.code);
  const fqdn = saidText(request.fqdn);
  return (
    <Paper withBorder p="md" component="article" aria-label={fqdn}>
      <Stack gap="sm">
        <Title order={2} size="h4">
          <bdi>{fqdn}</bdi>
        </Title>
        <Asker request={request} />
        <Conflicts request={request} />
        <form>
          <Stack gap="sm">
            {request.generation === 'older' ? null : (
              <TextInput
                label={`Code of ${fqdn}`}
                autoComplete="off"
                spellCheck={false}
                maxLength={64}
                value={typed.code}
                onChange={({ currentTarget: { value } }) => type({ code: value })}
              />
            )}
            {request.conflicts_total > 0 ? (
              <Checkbox
                label="It is a host of ours, installed again: take over its record and history"
                checked={typed.replace}
                onChange={({ currentTarget: { checked } }) => type({ replace: checked })}
              />
            ) : null}
            <ActButton why={whyNot} busy={decision.busy} act={letIn} submit>
              Let {fqdn} in
            </ActButton>
          </Stack>
        </form>
        <form>
          <Stack gap="sm">
            <TextInput
              label="Why not, if it is denied"
              description="The host shows it to who looks there."
              autoComplete="off"
              maxLength={500}
              value={typed.reason}
              onChange={({ currentTarget: { value } }) => type({ reason: value })}
            />
            <ActButton
              why={mayNot}
              busy={decision.busy}
              act={() => question.ask(confirmDeny(fqdn), { way: 'deny', ...typed })}
              quiet
              submit
            >
              Deny {fqdn}
            </ActButton>
          </Stack>
        </form>
        <Asked question={question} why={mayNot} />
      </Stack>
    </Paper>
  );
}
