import { NativeSelect, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { type Answered, call } from '../api/call.ts';
import { Outcome } from '../session/outcome.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { count } from '../words/count.ts';
import { Ends } from '../words/ends.tsx';
import { Once } from '../words/once.tsx';

const ENDS = [
  { value: '3600', label: 'in an hour' },
  { value: '86400', label: 'in a day' },
  { value: '604800', label: 'in a week' },
  { value: '2592000', label: 'in 30 days' },
  { value: '7776000', label: 'in 90 days' },
];

interface Wish {
  readonly ttl: string;
  readonly uses: string;
  readonly hosts: string;
  readonly note: string;
}

const USUAL: Wish = { ttl: '86400', uses: '1', hosts: '', note: '' };

function make({ ttl, uses, hosts, note }: Wish) {
  return call('createToken', {
    body: {
      ttl_seconds: Number(ttl),
      uses: Number(uses),
      ...(hosts.trim() === '' ? {} : { hosts: hosts.trim() }),
      ...(note.trim() === '' ? {} : { note: note.trim() }),
    },
  });
}

function Made({ made }: { readonly made: Answered<'createToken'> }) {
  const { token, install_line: line, join_string: joinString } = made;
  return (
    <Stack gap={0}>
      <Text role="status">
        Join token {token.id}: lets {count(token.uses, 'host')} in without a person
        {token.hosts === null ? '' : `, named ${token.hosts}`}. Ends <Ends at={token.expires_at} />.
      </Text>
      <Once
        title="Paste this into a root shell of the new host"
        secret={line}
        note="It has the join string in it and is shown this once. Where it names a file, the package of the agent has to lie there first."
      />
      <Once
        title="The join string alone"
        secret={joinString}
        note="For an image, or a tool that puts it into /etc/linux_patch_api/join, 0600. Shown this once."
      />
    </Stack>
  );
}

/** Makes a join token, and shows once what to paste. */
export function NewToken() {
  const [typed, setTyped] = useState(USUAL);
  const mayNot = useWhyNot('tokens:manage');
  const act = useAct(make);
  const type = (part: Partial<Wish>): void => setTyped((before) => ({ ...before, ...part }));
  const isNumber = /^[1-9]\d{0,3}$|^10000$/.test(typed.uses);
  const whyNot = mayNot ?? (isNumber ? undefined : 'It lets in from 1 to 10000 hosts.');
  return (
    <Paper withBorder p="md" mb="md">
      <form>
        <Stack gap="sm">
          <Title order={2} size="h4">
            Make a join token
          </Title>
          <NativeSelect
            label="Ends"
            data={ENDS}
            value={typed.ttl}
            onChange={({ currentTarget: { value } }) => type({ ttl: value })}
          />
          <TextInput
            label="How many hosts it lets in"
            inputMode="numeric"
            maxLength={5}
            value={typed.uses}
            onChange={({ currentTarget: { value } }) => type({ uses: value.trim() })}
          />
          <TextInput
            label="Only hosts of these names"
            description="A * stands for any characters but a dot, as in web*.example.org; empty for any."
            spellCheck={false}
            maxLength={253}
            value={typed.hosts}
            onChange={({ currentTarget: { value } }) => type({ hosts: value })}
          />
          <TextInput
            label="Note"
            description="What it is for, so that somebody knows later."
            maxLength={200}
            value={typed.note}
            onChange={({ currentTarget: { value } }) => type({ note: value })}
          />
          <ActButton why={whyNot} busy={act.busy} act={() => act.start(typed)} submit>
            Make it
          </ActButton>
        </Stack>
      </form>
      <Outcome of={act} />
      {act.answer === undefined ? null : <Made made={act.answer} />}
    </Paper>
  );
}
