import { Alert, Paper, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Answered } from '../api/call.ts';
import { failureOf } from '../api/call-failure.ts';
import { ask } from '../api/queries.ts';
import { useWhyNot } from '../session/session.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Failed } from '../states/failed.tsx';
import { count } from '../words/count.ts';
import { SaidWhen } from '../words/said-when.tsx';
import { ToPaste } from '../words/to-paste.tsx';

function Result({ found, at }: { readonly found: Answered<'verifyAudit'>; readonly at: number }) {
  const { records, last, fault, sealed_to: sealedTo } = found;
  const whole = `${count(records, 'record')} as written, each after the one before it`;
  return (
    <>
      {fault ? (
        <Alert color="red" title={`✖ Broken at record ${fault.seq}`} role="alert">
          Of {fault.at}: {fault.why}. Somebody wrote to the database past the manager; what stands from there
          on proves nothing. {count(records, 'record')} before it are as written.
        </Alert>
      ) : (
        <Text role="status">
          ✓ {whole}, verified <SaidWhen at={at} />.
        </Text>
      )}
      {sealedTo === null ? null : (
        <Text size="sm">Records up to number {sealedTo} are in files, because of their age.</Text>
      )}
      {last ? (
        <>
          <Text size="sm">
            The last is number {last.seq}. Note its hash elsewhere: that the end was cut off shows only by it.
          </Text>
          <ToPaste name="Hash of the last record" text={last.hash} />
        </>
      ) : null}
    </>
  );
}

/** Whether the audit log is the chain that was written, and how old that answer is. */
export function Verification() {
  const mayNot = useWhyNot('audit:read');
  const query = useQuery({
    ...ask('verifyAudit'),
    enabled: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  const { data, error, dataUpdatedAt, isFetching } = query;
  return (
    <Paper withBorder p="md" my="md">
      <Title order={2} size="h4" mb="xs">
        Is the log complete and unchanged?
      </Title>
      {error ? <Failed failure={failureOf(error)} /> : null}
      {data ? (
        <Result found={data} at={dataUpdatedAt} />
      ) : (
        <Text role="status">? Not verified since this page was opened.</Text>
      )}
      <ActButton why={mayNot} busy={isFetching} act={() => void query.refetch()} quiet>
        Verify now
      </ActButton>
    </Paper>
  );
}
