import { Checkbox, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { Facts } from '../host/facts.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Asked } from '../shell/asked.tsx';
import { useQuestion } from '../shell/use-question.ts';
import { confirmRotation, type RotationWish } from '../words/confirm-rotation.ts';
import { count } from '../words/count.ts';
import { Ends } from '../words/ends.tsx';
import { When } from '../words/when.tsx';
import { Phases } from './phases.tsx';
import {
  type Authority,
  backFrom,
  casOf,
  inWordsOfThePage,
  waitedFor,
  whyNotYet,
  wishOf,
} from './standing.ts';

/** How many hosts have done what the present phase is about. */
function Followed({ authority: { hosts, followed } }: { readonly authority: Authority }) {
  return (
    <div>
      <progress
        className="progress"
        max={Math.max(1, hosts)}
        value={followed}
        aria-label="Hosts that have followed"
      />
      <Text role="status">
        {followed.toLocaleString('en')} of {count(hosts, 'host')} {followed === 1 ? 'has' : 'have'} followed
      </Text>
    </div>
  );
}

/** What is chosen about the next step, in the phase in which it was chosen. */
interface Choice {
  readonly phase: Authority['phase'];
  readonly leave: readonly string[];
  readonly compromised: boolean;
}

/** What can be chosen about the step that is next. */
function Choices({
  authority,
  choice,
  choose,
}: {
  readonly authority: Authority;
  readonly choice: Choice;
  readonly choose: (choice: Choice) => void;
}) {
  const behind = waitedFor(authority);
  const { oldCa } = casOf(authority);
  return (
    <Stack gap="xs" mb="sm">
      {behind.length === 0 ? null : (
        <Checkbox
          label={`Go on without the ${count(behind.length, 'host')} that did not follow`}
          description="They come back by themselves once they are up, or after one approval."
          checked={whyNotYet(authority, choice.leave) === undefined}
          onChange={({ currentTarget: { checked } }) => choose({ ...choice, leave: checked ? behind : [] })}
        />
      )}
      {authority.phase === 'hosts' ? (
        <Checkbox
          label={`The key of ${oldCa} is, or may be, in wrong hands`}
          description="Its fingerprint then lets no host join any more."
          checked={choice.compromised}
          onChange={({ currentTarget: { checked } }) => choose({ ...choice, compromised: checked })}
        />
      ) : null}
    </Stack>
  );
}

/** The steps that can be taken now: on, and back. */
function Steps({ authority }: { readonly authority: Authority }) {
  const { phase } = authority;
  const mayNot = useWhyNot('ca:manage');
  const [made, setMade] = useState<Choice>();
  const [askedIn, setAskedIn] = useState(phase);
  const act = useAct((wish: RotationWish) =>
    call('rotateCa', { body: { ...wish, leave_behind: [...wish.leave_behind] } }).catch((error: unknown) => {
      throw inWordsOfThePage(error);
    }),
  );
  const question = useQuestion(act);
  const cas = casOf(authority);
  const choice = made?.phase === phase ? made : { phase, leave: [], compromised: false };
  const named = new Set(choice.leave);
  const next = {
    ...wishOf(authority),
    leave_behind: waitedFor(authority).filter((host) => named.has(host)),
    compromised: choice.compromised,
  };
  const back = backFrom(authority);
  const ask = (wish: RotationWish): void => {
    setAskedIn(phase);
    question.ask(confirmRotation(wish, cas), wish);
  };
  const isElsewhere = askedIn !== phase && !act.busy;
  return (
    <div>
      <Choices authority={authority} choice={choice} choose={setMade} />
      <Group align="start">
        <ActButton why={mayNot ?? whyNotYet(authority, choice.leave)} busy={act.busy} act={() => ask(next)}>
          {confirmRotation(next, cas).yes} …
        </ActButton>
        {back ? (
          <ActButton why={mayNot} busy={act.busy} act={() => ask(back)} quiet>
            {confirmRotation(back, cas).yes} …
          </ActButton>
        ) : null}
      </Group>
      <Asked
        question={question}
        why={
          mayNot ??
          (isElsewhere ? 'The rotation stands elsewhere by now. Leave it, and look again.' : undefined)
        }
      />
    </div>
  );
}

/** The replacement of the root CA: where it stands, what is next, and why not yet. */
export function Rotation({ authority }: { readonly authority: Authority }) {
  const { phase, phase_since: since, rotation_due: isDue, rotation_due_at: due } = authority;
  return (
    <Paper withBorder p="md" component="section">
      <Title order={2} size="h4" mb="xs">
        Replacing the root
      </Title>
      <Stack gap="sm">
        <Phases phase={phase} cas={casOf(authority)} />
        <Facts
          of={[
            ...(since === null ? [] : [['Since', <When key="since" at={since} />] as const]),
            ...(phase === 'standby'
              ? [
                  [
                    'Has to begin by',
                    <span key="due">
                      {isDue ? '▲ It is overdue: ' : ''}
                      <Ends at={due} />
                    </span>,
                  ] as const,
                ]
              : []),
          ]}
        />
        {since === null ? null : <Followed authority={authority} />}
        {phase === 'standby' ? (
          <Text size="sm">
            There is no hurry between the steps, and each but the last can be rolled back. Make a backup of
            the manager first.
          </Text>
        ) : null}
        <Steps authority={authority} />
      </Stack>
    </Paper>
  );
}
