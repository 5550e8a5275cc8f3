import { Stack, Text } from '@mantine/core';
import type { Answered } from '../api/call.ts';
import { labelsOf } from '../hosts/known-host.ts';
import { count } from '../words/count.ts';
import { Ends } from '../words/ends.tsx';
import { Once } from '../words/once.tsx';

/** What to paste, this once. */
export function MadeToken({ made }: { readonly made: Answered<'createToken'> }) {
  const { token, install_line: line, join_string: joinString } = made;
  const labels = labelsOf(token);
  return (
    <Stack gap={0}>
      <Text role="status">
        Join token {token.id}: lets {count(token.uses, 'host')} in without a person
        {token.hosts === null ? '' : `, named ${token.hosts}`}
        {labels.length === 0 ? '' : `, with ${labels.join(', ')}`}
        {token.groups.length === 0 ? '' : `, into ${token.groups.join(', ')}`}. Ends{' '}
        <Ends at={token.expires_at} />.
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
