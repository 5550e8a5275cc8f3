import type { Job, JobServiceFailure } from '@linux-patch/contract';
import { Alert, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { PatchSearch } from '../patch/wish.ts';
import { DifferenceTable } from '../plan/difference-table.tsx';
import { DeniedByPolicy } from '../plan/policy-denial.tsx';
import { Said } from '../words/said.tsx';
import { adviceFor } from './advice.ts';

/** How a service is that could not be restarted, and its last words. */
function ServiceLeft({
  service: { name, result, active_state: active, sub_state: sub, exit_status: status, journal },
}: {
  readonly service: JobServiceFailure;
}) {
  return (
    <>
      <Text mt="xs">
        {name} is {active} ({sub}) after {result}
        {status === null ? '' : `, its program having ended with ${status}`}.
      </Text>
      {journal.length > 0 ? <Text mt="xs">It said last:</Text> : null}
      {journal.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of a journal may be alike
        <Text key={at} size="sm" ff="monospace">
          <Said text={line} />
        </Text>
      ))}
    </>
  );
}

/** Why a job did not do what it was to do, and what to do now. */
export function JobFailure({
  job,
  host,
  search,
}: {
  readonly job: Job;
  readonly host: string;
  /** What was asked for, where that is known. */
  readonly search: PatchSearch;
}) {
  const { difference, policy, removals, service } = job.error_details ?? {};
  return (
    <Stack>
      {policy ? <DeniedByPolicy denial={policy} /> : null}
      <Alert color="red" title={`✖ ${job.status === 'cancelled' ? 'Cancelled' : 'Failed'}`} role="alert">
        <Text>{job.error ?? job.message}</Text>
        <Text mt="xs">{policy ? null : adviceFor(job.error_code)}</Text>
        {removals && removals.length > 0 ? <Text mt="xs">It would remove {removals.join(', ')}.</Text> : null}
        {service ? <ServiceLeft service={service} /> : null}
        <Text size="sm" mt="xs">
          {job.error_code ?? 'no code'}
        </Text>
      </Alert>
      {difference ? <DifferenceTable difference={difference} /> : null}
      {job.operation === 'patch_apply' ? (
        <Text>
          <Link to="/hosts/$name/patch" params={{ name: host }} search={search}>
            {difference ? `Look at the plan of now for ${host}` : `Make another plan for ${host}`}
          </Link>
        </Text>
      ) : null}
    </Stack>
  );
}
