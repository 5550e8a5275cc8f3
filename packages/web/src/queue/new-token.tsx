import { NativeSelect, Paper, Stack, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { Outcome } from '../session/outcome.tsx';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { ChooseGroups } from './choose-groups.tsx';
import { MadeToken } from './made-token.tsx';
import { type TokenWish, tokenRequest, USUAL_TOKEN, whyNoToken } from './token-wish.ts';

const ENDS = [
  { value: '3600', label: 'in an hour' },
  { value: '86400', label: 'in a day' },
  { value: '604800', label: 'in a week' },
  { value: '2592000', label: 'in 30 days' },
  { value: '7776000', label: 'in 90 days' },
];

/** Makes a join token, and shows once what to paste. */
export function NewToken() {
  const [typed, setTyped] = useState(USUAL_TOKEN);
  const mayNot = useWhyNot('tokens:manage');
  const act = useAct((wish: TokenWish) => call('createToken', { body: tokenRequest(wish) }));
  const type = (part: Partial<TokenWish>): void => setTyped((before) => ({ ...before, ...part }));
  const whyNot = mayNot ?? whyNoToken(typed);
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
            label="With these labels"
            description="KEY=VALUE with spaces between them, as in env=prod site=berlin; its hosts are chosen by them."
            spellCheck={false}
            autoComplete="off"
            maxLength={4096}
            value={typed.labels}
            onChange={({ currentTarget: { value } }) => type({ labels: value })}
          />
          <ChooseGroups chosen={typed.groups} choose={(groups) => type({ groups })} />
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
      {act.answer === undefined ? null : <MadeToken made={act.answer} />}
    </Paper>
  );
}
