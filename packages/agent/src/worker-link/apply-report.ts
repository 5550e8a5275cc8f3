import type { PolicyDenial } from '@linux-patch/contract';
import type { JobReporter, PackageCache, RunReport } from '@linux-patch/worker';
import { sourceStates } from './inventory.ts';
import { refreshedOf } from './package-lists.ts';

/** Where it is noted what the process of a job says beside its course. */
export interface RunRecord {
  readonly cache: Pick<PackageCache, 'noteSources' | 'noteRefreshed' | 'noteFailure' | 'noteApplied'>;
  readonly onDenied: (
    denial: PolicyDenial,
    about: { readonly job: string; readonly operation: string },
  ) => void;
  /** Told of what the process says for the audit log. */
  readonly onAudited: (said: Extract<RunReport, { t: 'audit' }>) => void;
}

/** How the process of a job says that it ended. */
export type RunEnding = Extract<RunReport, { t: 'done' | 'failed' }>;

/** Passes on what the process of a job says. @returns the ending, when it is that */
export async function applyReport(
  report: RunReport,
  to: { readonly jobId: string; readonly job: JobReporter; readonly record: RunRecord },
): Promise<RunEnding | undefined> {
  if (report.t === 'done' || report.t === 'failed') return report;
  const { jobId, job, record } = to;
  switch (report.t) {
    case 'log':
      job.log(report.text);
      break;
    case 'output':
      job.output(report.line, report.source);
      break;
    case 'phase':
      job.phase(report.state, report.message);
      break;
    case 'progress':
      job.progress(report.percent, report.message, report.state);
      break;
    case 'results':
      job.results(report.results);
      break;
    case 'exit':
      job.exitCode(report.code);
      break;
    case 'refreshed':
      if (report.sources) record.cache.noteSources(sourceStates(report.sources));
      await record.cache.noteRefreshed(refreshedOf(report), report.atMs);
      break;
    case 'not-refreshed':
      await record.cache.noteFailure(new Error(report.message), report.atMs);
      break;
    case 'applied':
      await record.cache.noteApplied(report.atMs);
      break;
    case 'old-code':
      job.oldCode(report.found);
      break;
    case 'reboot':
      job.reboot(report.reboot);
      break;
    case 'audit':
      record.onAudited(report);
      break;
    case 'denied':
      record.onDenied(report.denial, { job: jobId, operation: report.operation });
      break;
  }
  return undefined;
}
