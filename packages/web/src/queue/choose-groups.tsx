import { Checkbox, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/queries.ts';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';

/** Groups that there are, of which some are chosen. */
export function ChooseGroups({
  chosen,
  choose,
}: {
  readonly chosen: readonly string[];
  readonly choose: (names: string[]) => void;
}) {
  const query = useQuery(ask('listGroups'));
  return (
    <Loaded query={query} what="the groups" beside>
      {({ groups }) => {
        // What was chosen and is no more can still be taken out.
        const described = new Map(groups.map(({ name, description }) => [name, description]));
        const names = [...new Set([...groups.map(({ name }) => name), ...chosen])].sort();
        if (names.length === 0)
          return (
            <Text size="sm">
              There are no groups to put its hosts into; <code>linux-patch-manager groups create NAME</code>{' '}
              makes one.
            </Text>
          );
        return (
          <Checkbox.Group
            label="Into these groups"
            description={`What is done to a group is done to the hosts that it lets in, too. ${count(chosen.length, 'group')} chosen.`}
            value={[...chosen]}
            onChange={choose}
          >
            <Stack gap="xs" mt="xs" className="choices">
              {names.map((name) => (
                <Checkbox key={name} value={name} label={name} description={described.get(name)} />
              ))}
            </Stack>
          </Checkbox.Group>
        );
      }}
    </Loaded>
  );
}
