import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { runProgram } from '../../src/process.ts';
import type { CrashJob, CrashReport } from './child.ts';
import type { Place } from './injector.ts';

/** Children at the same time; the machines that run this have two cores. */
const AT_ONCE = 2;

/** Runs the agent's code in processes that are cut off. */
export interface CrashRunner {
  /** Runs a job to its end; its report has every place where it could be cut off. */
  complete(job: CrashJob): Promise<CrashReport>;
  /** The same with mounts of its own, which end with it. */
  completeApart(job: CrashJob): Promise<CrashReport>;
  /** Runs a job until it kills itself at a place (1 is the first); true when it got there. */
  cutOff(job: CrashJob, place: number): Promise<boolean>;
}

/** One bundled file starts several times faster than a hundred sources, and there are hundreds of children. */
export async function createCrashRunner(folder: string): Promise<CrashRunner> {
  const build = await rolldown({
    input: join(import.meta.dirname, 'child.ts'),
    platform: 'node',
    external: [/^node:/, 'bufferutil', 'utf-8-validate'],
  });
  const { output } = await build.generate({ format: 'cjs', codeSplitting: false });
  await build.close();
  const program = join(folder, 'child.cjs');
  await writeFile(program, output[0].code);
  const run = async (job: CrashJob, place: number) =>
    runProgram(process.execPath, [program, JSON.stringify(job)], {
      env: { NODE_COMPILE_CACHE: join(folder, 'cache'), NODE_OPTIONS: '', CRASH_AT: String(place) },
    });
  const reportOf = (result: Awaited<ReturnType<typeof run>>): CrashReport => {
    if (result.exitCode !== 0) throw new Error(`the child failed: ${result.stderr}`);
    return JSON.parse(result.stdout) as CrashReport;
  };
  return {
    complete: async (job) => reportOf(await run(job, 0)),
    completeApart: async (job) => {
      const flags = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
      const args = [...flags, process.execPath, program, JSON.stringify(job)];
      return reportOf(await runProgram('unshare', args, { env: { NODE_OPTIONS: '' } }));
    },
    async cutOff(job, place) {
      const result = await run(job, place);
      // A process that was killed by a signal has no exit code.
      if (result.exitCode === null) return true;
      reportOf(result);
      return false;
    },
  };
}

/**
 * The places that differ for what comes after, by their numbers. Two that follow each other are one when the same lies on
 * the disk, and nothing was said to the manager in between: who is killed leaves nothing else.
 */
export function differentPlaces(reached: readonly Place[]): number[] {
  return reached.flatMap((place, index) => {
    const next = reached[index + 1];
    const isSame = place.at === 'disk' && next?.at !== 'exchange' && next?.disk === place.disk;
    return isSame ? [] : [index + 1];
  });
}

/** Does something for each place, a few at a time. */
export async function forEachPlace(
  places: readonly number[],
  work: (place: number) => Promise<void>,
): Promise<void> {
  const left = [...places];
  const worker = async (): Promise<void> => {
    for (let place = left.shift(); place !== undefined; place = left.shift()) await work(place);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
