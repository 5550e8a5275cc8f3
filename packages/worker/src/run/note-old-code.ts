import { type JobOldCode, messageOf, type ServiceList } from '@linux-patch/contract';
import type { JobContext, Work } from '../jobs/executor-interface.ts';
import { isChange } from '../jobs/merge-results.ts';

/** A line for people has room for so many. */
const MOST_NAMES = 20;

/**
 * The same work; once packages were changed, also by work that failed in the end, it is said what runs code that was replaced.
 * @param look at what runs on this host
 */
export function noteOldCode(work: Work, look: (signal: AbortSignal) => Promise<ServiceList>): Work {
  return async (request, context) => {
    let hasChanged = false;
    const { report } = context;
    const watched: JobContext = {
      ...context,
      report: {
        ...report,
        results: (results) => {
          hasChanged ||= results.some(isChange);
          report.results(results);
        },
      },
    };
    try {
      return await work(request, watched);
    } finally {
      if (hasChanged && !context.signal.aborted) await note(context, look);
    }
  };
}

async function note({ report, signal }: JobContext, look: (signal: AbortSignal) => Promise<ServiceList>) {
  try {
    const found = oldCodeOf(await look(signal));
    report.oldCode(found);
    const words = wordsOf(found);
    if (words !== undefined) report.log(words);
  } catch (error) {
    report.log(`Which services run code that was replaced is not known: ${messageOf(error)}`);
  }
}

/** What of it a job says. */
export function oldCodeOf({ services, others, unknown, left_out }: ServiceList): JobOldCode {
  return {
    services: services.filter((one) => one.old_code === 'yes').map((one) => one.name),
    others: others.length,
    unknown: unknown.reduce((sum, one) => sum + one.processes, left_out),
  };
}

/** Undefined when nothing runs old code. */
function wordsOf({ services, others, unknown }: JobOldCode): string | undefined {
  const shown = services.slice(0, MOST_NAMES).join(', ');
  const more = services.length > MOST_NAMES ? ` and ${services.length - MOST_NAMES} more` : '';
  const parts = [
    ...(services.length > 0
      ? [`services that run code which was replaced, until they are restarted: ${shown}${more}`]
      : []),
    ...(others > 0 ? [`other processes that do, until they end: ${others}`] : []),
    ...(unknown > 0 ? [`processes of which that is not known: ${unknown}`] : []),
  ];
  return parts.length > 0 ? upperFirst(parts.join('; ')) : undefined;
}

function upperFirst(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
