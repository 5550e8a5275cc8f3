import type { Host } from '@linux-patch/contract';
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { call } from '../api/call.ts';
import type { KnownHost } from '../hosts/known-host.ts';
import { Outcome } from '../session/outcome.tsx';
import { sessionQuery, useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Confirm } from '../shell/confirm.tsx';
import { confirmAct } from '../words/confirm-acts.ts';
import { count } from '../words/count.ts';
import { whyNot } from '../words/rights.ts';
import { type ActKind, chooseForAct, type FoundHosts } from './choose-hosts.ts';
import { HostNames } from './host-names.tsx';

/** As many as the manager takes in one act. */
const MOST = 10_000;
/** What the manager keeps of a search: one line. */
const LINE = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,1000}$/u;
const KINDS = [
  { value: 'security', label: 'security updates' },
  { value: 'all', label: 'all updates' },
];

/** What is asked about hosts as they were when the button was pressed, whatever the list shows meanwhile. */
function AskAct({
  found,
  search,
  leave,
}: {
  readonly found: FoundHosts;
  readonly search: string;
  readonly leave: () => void;
}) {
  const [kind, setKind] = useState<ActKind>('security');
  const navigate = useNavigate();
  const chosen = useMemo(() => chooseForAct(found, kind), [found, kind]);
  // The same wish once more is the same act.
  const keys = useMemo(() => ({ security: crypto.randomUUID(), all: crypto.randomUUID() }), []);
  const mayNot = useWhyNot('hosts:patch');
  const starting = useAct(
    () =>
      call('startAct', {
        body: {
          operation: 'patch_apply',
          security_only: kind === 'security',
          hosts: chosen.meant.map(({ id }) => id),
          ...(LINE.test(search) ? { search } : {}),
        },
        idempotencyKey: keys[kind],
      }),
    ({ id }) => void navigate({ to: '/acts/$id', params: { id } }),
  );
  const none = chosen.meant.length === 0 ? 'There is no host left for this.' : undefined;
  const many = chosen.meant.length > MOST ? `An act is for at most ${count(MOST, 'host')}.` : undefined;
  return (
    <Confirm
      asks={confirmAct(chosen, kind, found.hosts.length)}
      why={mayNot ?? none ?? many}
      busy={starting.busy}
      act={() => starting.start(undefined)}
      back={leave}
    >
      <NativeSelect
        label="What is installed"
        data={KINDS}
        value={kind}
        disabled={starting.busy}
        onChange={({ currentTarget: { value } }) => {
          starting.forget();
          setKind(value === 'all' ? 'all' : 'security');
        }}
      />
      <HostNames key={kind} names={chosen.meant.map(({ fqdn }) => fqdn)} />
      <Outcome of={starting} />
    </Confirm>
  );
}

/** Installs updates on all hosts that a search finds, after a question. */
export function StartAct({
  hosts,
  records,
  search,
}: {
  readonly hosts: readonly KnownHost[];
  readonly records: readonly Host[];
  readonly search: string;
}) {
  const { data: session } = useQuery(sessionQuery);
  const [asked, setAsked] = useState<{ readonly found: FoundHosts; readonly search: string }>();
  const mayNot = useWhyNot('hosts:patch');
  const found = useMemo(
    () => ({
      hosts,
      records: new Map(records.map((one) => [one.id, one])),
      // Who may do it nowhere is told that, and not host by host.
      mayNot: (host: Host) => (session && !mayNot ? whyNot(session, 'hosts:patch', host) : undefined),
    }),
    [hosts, records, session, mayNot],
  );
  const meant = useMemo(() => chooseForAct(found, 'all').meant.length, [found]);
  const none = meant === 0 ? 'Nothing can be installed on these hosts.' : undefined;
  return (
    <>
      <ActButton why={mayNot ?? none} act={() => setAsked({ found, search })} quiet>
        Install updates on {count(meant, 'host')} …
      </ActButton>
      {asked ? <AskAct {...asked} leave={() => setAsked(undefined)} /> : null}
    </>
  );
}
