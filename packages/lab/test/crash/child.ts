import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CrashHost, renewHost, startAgent } from './host.ts';
import { failCall, failNoMore, numberPlaces, type Place, reached } from './injector.ts';
import { faultsAt, readSets, SITUATIONS, type SituationName } from './situations.ts';
import { trySmallDisks } from './small-disks.ts';

/** What the child is to do; the real code of the agent, cut off by the injector. */
export type CrashJob =
  | {
      readonly kind: 'change';
      readonly situation: SituationName;
      readonly certs: string;
      readonly sets: string;
    }
  /** The same with every call failing once, in one process. */
  | {
      readonly kind: 'fail';
      readonly situation: SituationName;
      readonly certs: string;
      readonly sets: string;
      readonly code: string;
    }
  /** Installs on disks that are too small or read-only; needs a mount namespace of its own. */
  | { readonly kind: 'small_disks'; readonly disk: string; readonly sets: string }
  | { readonly kind: 'enrol' | 'renew'; readonly host: CrashHost };

/** What a child that was not cut off says. */
export interface CrashReport {
  readonly outcome: string;
  readonly reached: readonly Place[];
  /** What was wrong, of a job that looks itself. */
  readonly faults: readonly string[];
  /** How many calls failed, one at a time. */
  readonly failed: number;
}

async function failEach(
  job: Extract<CrashJob, { kind: 'fail' }>,
): Promise<{ failed: number; faults: string[] }> {
  const { situation, certs, code } = job;
  const wanted = SITUATIONS[situation];
  const sets = await readSets(job.sets);
  const faults: string[] = [];
  for (let place = 1; ; place += 1) {
    await wanted.prepare(certs, sets);
    failCall(place, code);
    await wanted.change(certs, sets).catch(() => {});
    const calls = failNoMore();
    for (const fault of await faultsAt(certs, situation, sets)) faults.push(`call ${place}: ${fault}`);
    await rm(certs, { recursive: true });
    if (calls < place) return { failed: place - 1, faults };
  }
}

async function work(job: CrashJob): Promise<Omit<CrashReport, 'reached'>> {
  switch (job.kind) {
    case 'change':
      await SITUATIONS[job.situation].change(job.certs, await readSets(job.sets));
      return { outcome: 'changed', failed: 0, faults: [] };
    case 'fail':
      return { outcome: 'failed', ...(await failEach(job)) };
    case 'small_disks':
      return { outcome: 'tried', ...(await trySmallDisks(job.disk, await readSets(job.sets))) };
    case 'enrol':
      return { outcome: (await startAgent(job.host)).kind, failed: 0, faults: [] };
    case 'renew':
      return { outcome: (await renewHost(job.host)).kind, failed: 0, faults: [] };
  }
}

/** What a crash could change. */
function folderOf(job: CrashJob): string | undefined {
  if (job.kind === 'change') return join(job.certs, '..');
  return job.kind === 'enrol' || job.kind === 'renew' ? job.host.root : undefined;
}

async function main(): Promise<void> {
  const job = JSON.parse(process.argv[2] ?? '') as CrashJob;
  await numberPlaces(folderOf(job));
  const done = await work(job);
  const report: CrashReport = { ...done, reached: done.outcome === 'failed' ? [] : reached };
  process.stdout.write(JSON.stringify(report));
}

void main();
