import { join } from 'node:path';
import { type Clock, type Files, findOpenWay, type Logger } from '@linux-patch/runtime';
import { JobJournal } from '../jobs/journal.ts';
import { isFinished } from '../jobs/state.ts';
import { openOrders } from './orders.ts';

export interface TakeOverOptions {
  readonly files: Files;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  /** Of the worker. */
  readonly folder: string;
}

/**
 * Takes over what an earlier release had accepted and not ended, whose agent was root and judged that itself. That happens
 * once, before there is a folder of orders: what is written down as a job later is no order.
 * @param jobsFolder `jobs.storage_path` @returns how many jobs
 */
export async function takeOver(options: TakeOverOptions, jobsFolder: string): Promise<number> {
  const { files, clock, logger } = options;
  const folder = join(options.folder, 'orders');
  if (await files.facts(folder)) return 0;
  const begun = join(options.folder, 'taken-over');
  await files.remove(begun);
  await files.makeFolder(join(begun, 'orders'), 0o700);
  const orders = openOrders({ files, folder: begun });
  let count = 0;
  // The folder can be another user's already: nothing in it is changed or read through a link.
  const plain = Object.assign({}, files, files.plain);
  const { entries } = await new JobJournal({ folder: jobsFolder, files: plain, logger }).look();
  for (const { core, request, named } of entries) {
    if (isFinished(core)) continue;
    const [open] = await findOpenWay({ files, path: join(jobsFolder, `${core.job_id}.json`) });
    if (open !== undefined) {
      logger.warn('a job of an earlier release is not taken over, because others than root could write it', {
        job_id: core.job_id,
        reason: open,
      });
      continue;
    }
    const plan = join(jobsFolder, 'work', core.job_id, 'plan.json');
    const by = { kind: 'earlier_release', begun: (await files.facts(plan)) !== undefined } as const;
    await orders.accept({ v: 1, job: core.job_id, request, named, by, acceptedAtMs: clock.now() });
    count += 1;
  }
  await files.rename(join(begun, 'orders'), folder);
  await files.syncFolder(options.folder);
  await files.remove(begun);
  return count;
}
