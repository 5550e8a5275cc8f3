import fc from 'fast-check';
import type { Route } from '../../route.ts';
import { ask, type Where } from './ask.ts';
import { type Allowed, judge } from './judge.ts';
import { requestsFor } from './requests.ts';
import type { Known } from './values.ts';

export type { Where } from './ask.ts';
export type { Allowed } from './judge.ts';
export type { Known } from './values.ts';

/** Inputs for each route; `FUZZ_RUNS` says how many when somebody has the time. */
export const RUNS_EACH = Number(process.env['FUZZ_RUNS'] ?? 100);
/** The same inputs each time; `FUZZ_SEED` has others made. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_201);

/** Answers of those who have not been let through to what the route does. */
const OUTSIDE: ReadonlySet<string> = new Set([
  'INVALID_REQUEST',
  'UNSUPPORTED_MEDIA_TYPE',
  'BODY_TOO_LARGE',
  'METHOD_NOT_ALLOWED',
  'NOT_FOUND',
  'UNAUTHORIZED',
  'INSTANCE_MISMATCH',
  'RATE_LIMIT_EXCEEDED',
]);

export interface FuzzOptions {
  readonly known: Known;
  readonly onlyBroken: boolean;
  readonly allowed: Allowed;
  readonly runs: number;
  /** Where the next request goes. */
  readonly where: () => Promise<Where> | Where;
  /** What must be as it was after a refusal. */
  readonly state: () => Promise<string> | string;
}

/** How a route answered, and how often. */
export interface Fuzzed {
  readonly answers: ReadonlyMap<string, number>;
  /** Whether one of the requests passed the schemas, and reached what the route does. */
  readonly isReached: boolean;
}

/**
 * Asks a route whatever comes to mind.
 * @throws Error with the smallest request that shows what is wrong, its seed and its path
 */
export async function fuzzRoute(route: Route, options: FuzzOptions): Promise<Fuzzed> {
  const { allowed, runs, where, state } = options;
  const answers = new Map<string, number>();
  let before = await state();
  const property = fc.asyncProperty(requestsFor(route, options), async (request) => {
    const answer = await ask(await where(), request);
    const code = judge(route, answer, allowed);
    const word = code ?? String(answer.status);
    answers.set(word, (answers.get(word) ?? 0) + 1);
    const after = await state();
    const [was, is] = [before, after];
    before = after;
    if (code !== undefined && was !== is) throw new Error(`${code} has changed something: ${was} → ${is}`);
  });
  await fc.assert(property, { seed: SEED, numRuns: runs });
  return { answers, isReached: [...answers.keys()].some((word) => !OUTSIDE.has(word)) };
}
