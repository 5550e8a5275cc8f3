import type { JobStatus } from '@linux-patch/contract';

const SIGNS: Readonly<Record<JobStatus, string>> = {
  queued: '…',
  running: '▶',
  completed: '✓',
  failed: '✖',
  cancelled: '–',
  timeout: '✖',
};

/** What came of a job, by a word and a sign. */
export function StatusName({ status }: { readonly status: JobStatus }) {
  return (
    <>
      <span aria-hidden="true">{SIGNS[status]} </span>
      {status}
    </>
  );
}
