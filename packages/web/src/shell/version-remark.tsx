import { Alert, Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { ask } from '../api/queries.ts';

/** What is told to somebody whose page is of another version than the manager is by now. */
export function VersionRemark() {
  const { data: status } = useQuery(ask('status'));
  const first = useRef<string>(undefined);
  if (status === undefined) return null;
  first.current ??= status.version;
  if (first.current === status.version) return null;
  return (
    <Alert color="yellow" mb="md" role="status">
      The manager runs version {status.version} by now, and this page is of {first.current}. Finish what you
      are typing, then load the page anew.
      <div>
        <Button mt="sm" variant="default" onClick={() => location.reload()}>
          Load it anew
        </Button>
      </div>
    </Alert>
  );
}
