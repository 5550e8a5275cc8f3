import { HOUR_MS, messageOf, PatchError } from '@linux-patch/contract';
import type { Clock, Files } from '@linux-patch/runtime';
import { OutlivingProgram } from '../detached/outliving-program.ts';
import type { DetachedService } from '../detached/service.ts';
import type { BeginAnswer } from './change.ts';
import { keepNewest } from './keep-newest.ts';
import type { Order, Orders } from './orders.ts';
import { openRunPlace, type RunPlace, runsFolder } from './run-place.ts';
import type { Waiting } from './waiting.ts';

/** Jobs of which it is still to be read what their processes said; more than a queue takes. */
const MOST_RUNS = 200;

export interface LaunchOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly orders: Orders;
  readonly waiting: Pick<Waiting, 'requireFresh'>;
  /** Of the worker. */
  readonly folder: string;
  readonly service: () => Promise<DetachedService>;
  /** What starts the process of a job: a program and its arguments. */
  readonly commandOf: (job: string, clockFault: string | undefined) => readonly string[];
}

/** Starts the processes of jobs, and says how they are: nobody else does. */
export interface Launch {
  /**
   * Has an accepted job done, in a process of its own, unless one does it already.
   * @throws PatchError for one that has waited too long
   * @param clockFault why whoever asks does not believe the clock of this host
   */
  begin(job: string, clockFault: string | undefined): Promise<BeginAnswer>;
  isRunning(job: string): Promise<boolean>;
  /** Whoever follows a job has on record how it ended. What is left of it goes. */
  forget(job: string): Promise<void>;
}

export function createLaunch(options: LaunchOptions): Launch {
  const { files, clock, orders, waiting, folder, commandOf } = options;
  const programOf = async (job: string): Promise<OutlivingProgram> => {
    const service = await options.service();
    const { folder: place } = openRunPlace(files, folder, job);
    return new OutlivingProgram({ files, clock, service }, { name: `linux-patch-run-${job}`, folder: place });
  };
  return {
    begin: (job, clockFault) =>
      orders.alone(async () => {
        const [program, place] = [await programOf(job), openRunPlace(files, folder, job)];
        if (await program.isRunning()) return { kind: 'running' };
        const order = await orders.find(job);
        if (!order) return { kind: (await place.hasBegun()) ? 'ended' : 'unknown' };
        if (!(await place.hasBegun())) await waiting.requireFresh(order);
        await prepare(options, place, order);
        const [first = '', ...args] = commandOf(job, clockFault);
        // The process keeps the limit of its job itself; this is what a host that goes down waits for.
        const command = { program: first, args, env: {}, timeoutMs: HOUR_MS };
        const who = order.by.kind === 'root' ? ', asked for by root of this host' : '';
        await program.start(command, `Linux Patch: job ${job}${who}`);
        return { kind: 'running' };
      }),
    isRunning: async (job) => (await programOf(job)).isRunning(),
    async forget(job) {
      const place = openRunPlace(files, folder, job);
      if (!(await place.hasBegun())) return;
      // Whoever asked for it on the host may still be reading.
      if ((await place.isRoots()) || (await (await programOf(job)).isRunning())) return place.noteRecorded();
      if (!(await orders.find(job))) await place.forget();
    },
  };
}

/** Makes the place of a job that is to begin; nothing is left of it where that fails. @throws PatchError `SERVICE_UNHEALTHY` */
async function prepare(
  options: Pick<LaunchOptions, 'files' | 'folder'>,
  place: RunPlace,
  order: Order,
): Promise<void> {
  const isNew = !(await place.hasBegun());
  try {
    await place.begin();
    if (order.by.kind === 'root') await showRoots(options, place, order);
  } catch (cause) {
    if (isNew) await place.forget().catch(() => {});
    throw new PatchError(
      'SERVICE_UNHEALTHY',
      `The job was not begun because its folder could not be written (${messageOf(cause)}), so nothing was changed. Free space or mend ${runsFolder(options.folder)}.`,
      { cause },
    );
  }
}

/** What earlier jobs of root left is removed here: an agent may never come. */
async function showRoots(
  { files, folder }: Pick<LaunchOptions, 'files' | 'folder'>,
  place: Pick<RunPlace, 'showRoots'>,
  { job, request, acceptedAtMs }: Order,
): Promise<void> {
  await place.showRoots({ v: 1, job, request, acceptedAtMs });
  await keepNewest(files, runsFolder(folder), MOST_RUNS);
}
