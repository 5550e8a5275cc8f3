import type { Job } from '@linux-patch/contract';

const NOW = '2026-11-28T09:00:00.000Z';

/** A job as an agent tells of it. */
export function agentJob(job: Partial<Job>): Job {
  const status = job.status ?? 'running';
  return {
    job_id: '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc',
    operation: 'patch_apply',
    status,
    state: status === 'timeout' ? 'timed_out' : status,
    progress: 50,
    progress_percent: 50,
    message: '',
    packages: [],
    created_at: NOW,
    started_at: NOW,
    updated_at: NOW,
    completed_at: null,
    logs: [],
    output: null,
    error: null,
    error_code: null,
    exit_code: null,
    command_stdout: null,
    command_stderr: null,
    results: [],
    rollback_job_id: null,
    exclusive_mode: false,
    ...job,
  };
}
