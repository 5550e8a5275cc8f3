import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readFigures, readHostStates } from '../../../manager/src/inventory/fleet-state.ts';
import { readHolders } from '../../../manager/src/inventory/holders.ts';
import { readKnownPackages } from '../../../manager/src/inventory/known-packages.ts';
import { readMissing } from '../../../manager/src/inventory/missing.ts';
import type { SetIndex } from '../../../manager/src/inventory/set-index/set-index.ts';
import { readWaiting } from '../../../manager/src/inventory/waiting.ts';
import { FEW, type FleetSize, MOST } from './fleet.ts';
import { msSince, type Records } from './records.ts';

/** How long a question takes, in milliseconds. */
export interface Asked {
  readonly what: string;
  readonly medianMs: number;
  readonly p95Ms: number;
  /** How long nothing else could be served meanwhile, at the 99th percentile. */
  readonly lagP99Ms: number;
}

const RUNS = 20;

/** What the page and the command line ask of the records, each so often that a percentile says something. */
export async function askQuestions(
  { reads, sets }: Pick<Records, 'reads'> & { readonly sets: SetIndex },
  { hosts }: FleetSize,
): Promise<Asked[]> {
  const records = { reads, sets };
  const nowMs = Date.now();
  const fresh = { nowMs, lifeMs: 7_200_000, reach: 'everywhere' } as const;
  const stale = { ...fresh, nowMs: nowMs + 2 * fresh.lifeMs };
  const page = { limit: 100, offset: 0 };
  const late = { state: 'behind', limit: 100, offset: Math.floor(hosts / 2) } as const;
  const name = 'package-0400';
  // Somebody whose role is for some hosts only: a hundredth, and nearly all of them.
  const bound = [
    ['1 %', FEW],
    ['90 %', MOST],
  ].flatMap(([part, groupId = '']) => {
    const some = { ...fresh, reach: [{ groupId }] };
    return [
      [`figures, of ${part} of the hosts`, () => readFigures(reads, some)],
      [`hosts, of ${part} of them`, () => readHostStates(reads, some, page)],
      [`updates, of ${part} of the hosts`, () => readWaiting(reads, some, page)],
      [`who has it older, of ${part}`, () => readHolders(records, some, { name, below: '1.5-1', ...page })],
      [`who lacks it, of ${part}`, () => readMissing(records, some, { name, ...page })],
    ] as const;
  });
  const questions: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['figures', () => readFigures(reads, fresh)],
    ['hosts, a page', () => readHostStates(reads, fresh, page)],
    ['hosts that are behind, a late page', () => readHostStates(reads, fresh, late)],
    ['updates', () => readWaiting(reads, fresh, page)],
    ['updates, every host unknown', () => readWaiting(reads, stale, page)],
    ...bound,
    ['who has a package', () => readHolders(records, fresh, { name, ...page })],
    ['who has it older', () => readHolders(records, fresh, { name, below: '1.5-1', ...page })],
    ['who lacks it', () => readMissing(records, fresh, { name, ...page })],
    ['who lacks it or has it older', () => readMissing(records, fresh, { name, atLeast: '1.5-1', ...page })],
    [
      'versions of a pattern',
      () => readKnownPackages(records, undefined, { pattern: 'package-04*', ...page }),
    ],
  ];
  const asked: Asked[] = [];
  for (const [what, ask] of questions) asked.push(await time(what, ask));
  return asked;
}

async function time(what: string, ask: () => Promise<unknown>): Promise<Asked> {
  await ask();
  const lag = monitorEventLoopDelay({ resolution: 1 });
  lag.enable();
  const took: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const from = performance.now();
    await ask();
    took.push(msSince(from));
  }
  lag.disable();
  took.sort((one, other) => one - other);
  const at = (part: number): number => took[Math.ceil(part * RUNS) - 1] ?? 0;
  return { what, medianMs: at(0.5), p95Ms: at(0.95), lagP99Ms: lag.percentile(99) / 1e6 };
}
