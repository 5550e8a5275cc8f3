import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/queries.ts';
import { Empty } from '../states/empty.tsx';
import { Loaded } from '../states/loaded.tsx';
import { ToPaste } from '../words/to-paste.tsx';

/**
 * What to do on a host so that it asks to join.
 * @param beside another answer on the screen tells its age
 */
export function AddFirstHost({ beside = false }: { readonly beside?: boolean }) {
  return (
    <Loaded query={useQuery(ask('status'))} what="its address" beside={beside}>
      {({ manager_url, ca_fingerprint }) => (
        <Empty title="Add a host">
          <Text>
            Install linux-patch-api on it, put this line into /etc/linux_patch_api/config.yaml, and start it.
            It then asks to join, and you let it in here.
          </Text>
          <ToPaste
            name="Line for config.yaml"
            text={`enrollment: { manager_url: ${JSON.stringify(manager_url)}, ca_fingerprint: ${JSON.stringify(ca_fingerprint)} }`}
          />
        </Empty>
      )}
    </Loaded>
  );
}
