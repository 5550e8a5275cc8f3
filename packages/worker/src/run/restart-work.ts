import { isPatchError, messageOf, type ServiceList } from '@linux-patch/contract';
import type { JobContext, WorkOutcome } from '../jobs/executor-interface.ts';
import type { JobRequest } from '../jobs/job-request.ts';
import { type RestartHost, restartService } from '../services/restart.ts';
import { findRestartable } from '../services/restartable.ts';
import { oldCodeOf } from './note-old-code.ts';
import type { RunReport } from './report.ts';

type RestartRequest = Extract<JobRequest, { operation: 'restart_service' }>;

export interface RestartWorkOptions {
  readonly host: RestartHost;
  /** Whether this host was started anew since the job was accepted, and with it every service. */
  readonly isBootedSince: () => Promise<boolean>;
  /** At what runs on this host. */
  readonly look: (signal: AbortSignal) => Promise<ServiceList>;
  readonly say: (report: Extract<RunReport, { t: 'audit' }>) => void;
}

/** Restarts a service, on record whatever comes of it, and says what runs old code afterwards. */
export function restartWork({ host, isBootedSince, look, say }: RestartWorkOptions) {
  return async ({ service }: RestartRequest, { jobId, report, signal }: JobContext): Promise<WorkOutcome> => {
    if (await isBootedSince())
      return { message: `Nothing was done: this host, and with it ${service}, was started anew since then` };
    const { name, following } = await findRestartable(host, service);
    if (following.length > 0) report.log(`What is restarted with it: ${following.join(', ')}`);
    signal.throwIfAborted();
    report.phase('running', `Restarting ${name}`);
    try {
      await restartService(host, name, signal);
    } catch (error) {
      if (isPatchError(error, 'SERVICE_RESTART_ERROR')) sayJournal(error.details['service'], report);
      say({
        t: 'audit',
        event: 'service_restart_failed',
        details: { job: jobId, service: name, reason: messageOf(error) },
      });
      throw error;
    }
    say({ t: 'audit', event: 'service_restarted', details: { job: jobId, service: name } });
    return { message: `${name} was restarted${await codeWords(name, { look, report, signal })}` };
  };
}

/** For people who look at what the job printed. */
function sayJournal(service: unknown, report: Pick<JobContext['report'], 'output'>): void {
  const { journal } = service as { readonly journal: readonly string[] };
  for (const line of journal) report.output(line, 'stdout');
}

async function codeWords(
  name: string,
  { look, report, signal }: Pick<RestartWorkOptions, 'look'> & Pick<JobContext, 'report' | 'signal'>,
): Promise<string> {
  try {
    const list = await look(signal);
    report.oldCode(oldCodeOf(list));
    const found = list.services.find((one) => one.name === name);
    if (found?.old_code === 'yes') return '; a process of it still runs code that was replaced';
    if (found?.old_code === 'no') return ' and runs the code that lies on the disk now';
  } catch (error) {
    report.log(`Which services run code that was replaced is not known: ${messageOf(error)}`);
  }
  return '; whether it runs code that was replaced is not known';
}
