import { Alert, Stack } from '@mantine/core';
import { Ends } from '../words/ends.tsx';
import { When } from '../words/when.tsx';
import { Facts } from './facts.tsx';
import type { TabProps } from './tab-props.ts';

const unknown = '? not known';

/** By what the host and this manager know each other. */
export function IdentityTab({ host }: TabProps) {
  const { identity, job_key: jobKey } = host;
  const crl = identity.crl_current === null ? unknown : identity.crl_current ? 'up to date' : 'out of date';
  return (
    <Stack mt="md">
      {identity.message === null ? null : <Alert color="yellow">{identity.message}</Alert>}
      <Facts
        of={[
          ['State', identity.state.replaceAll('_', ' ')],
          ['Certificate', host.certificate_serial ?? 'none'],
          [
            'Ends',
            host.certificate_expires_at === null ? (
              unknown
            ) : (
              <span key="ends">
                {new Date(host.certificate_expires_at).toLocaleString()},{' '}
                <Ends at={host.certificate_expires_at} />
              </span>
            ),
          ],
          ['Key made by', host.key_origin === 'host' ? 'the host itself' : 'the manager, for an older agent'],
          ['Serves with', identity.served_serial ?? unknown],
          ['Trusts this manager by', identity.trust ?? unknown],
          ['Its list of what is revoked', crl],
          [
            'Takes changes from',
            `${jobKey.state} job key${jobKey.pinned === null ? '' : ` ${jobKey.pinned}`}`,
          ],
          ['Reported by the host', <When key="said" at={identity.reported_at} />],
        ]}
      />
    </Stack>
  );
}
