import type { SeenChange } from '@linux-patch/contract';
import { Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../api/queries.ts';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { count } from '../words/count.ts';
import { When } from '../words/when.tsx';
import type { TabProps } from './tab-props.ts';

const SHOWN = 30;
const PACKAGES_SHOWN = 20;

function Change({ change, name }: { readonly change: SeenChange; readonly name: string }) {
  const named = change.packages.slice(0, PACKAGES_SHOWN);
  const more = change.packages.length - named.length + change.more;
  return (
    <Paper component="li" withBorder p="sm">
      <Text fw={600}>
        Seen <When at={change.seen_at} />,{' '}
        {change.job_id === null ? (
          'done outside of this manager'
        ) : (
          <>
            by{' '}
            <Link to="/hosts/$name/jobs/$job" params={{ name, job: change.job_id }}>
              a job
            </Link>
          </>
        )}
      </Text>
      <ul>
        {named.map(({ name: changed, architecture, before, after }) => (
          <li key={`${changed} ${architecture}`}>
            {changed} {before ?? 'not installed'} → {after ?? 'removed'}
          </li>
        ))}
      </ul>
      {more > 0 ? <Text size="sm">and {count(more, 'package')} more</Text> : null}
    </Paper>
  );
}

/** What changed on the host from listing to listing. */
export function HistoryTab({ host }: TabProps) {
  const query = useQuery(ask('hostChanges', { parameters: { id: host.id }, query: { limit: SHOWN } }));
  return (
    <Stack mt="md">
      <Loaded query={query} what="what changed on the host">
        {({ changes, total }) =>
          changes.length === 0 ? (
            <Empty title="Nothing has changed since the host was listed first." />
          ) : (
            <>
              <Text role="status">
                {count(total, 'change')}
                {total > changes.length ? `, the newest ${changes.length} shown` : ''}
              </Text>
              <Stack component="ul" gap="sm" p={0} m={0}>
                {changes.map((change) => (
                  <Change key={`${change.seen_at} ${change.job_id}`} change={change} name={host.fqdn} />
                ))}
              </Stack>
            </>
          )
        }
      </Loaded>
    </Stack>
  );
}
