import { JobOldCode, JobReboot, JobResult, lazily, PolicyDenial } from '@linux-patch/contract';
import { z } from 'zod';
import type { JobReporter } from '../jobs/executor-interface.ts';
import { AnyErrorCode } from '../requests/answer.ts';
import { RefreshAnswer } from '../requests/package-lists.ts';

const MOST_RESULTS = 200_000;
const MOST_CHARACTERS = 256 * 1024;
const Prose = z.string().max(MOST_CHARACTERS);
const State = z.enum(['waiting_for_lock', 'refreshing', 'running']);
const Instant = z.number().nonnegative();

/**
 * What the process of a job says, one line of JSON each on its standard output. Whoever starts to follow it later reads all of
 * them, so each may be said twice. Without `done` or `failed` nobody knows how it ended.
 */
export const RunReport = lazily(() =>
  z.discriminatedUnion('t', [
    z.strictObject({ t: z.literal('log'), text: Prose }),
    z.strictObject({ t: z.literal('output'), line: Prose, source: z.enum(['stdout', 'stderr']) }),
    z.strictObject({ t: z.literal('phase'), state: State, message: Prose }),
    z.strictObject({
      t: z.literal('progress'),
      percent: z.number().min(0).max(100),
      message: Prose,
      state: State.optional(),
    }),
    z.strictObject({ t: z.literal('results'), results: z.array(JobResult).max(MOST_RESULTS) }),
    z.strictObject({ t: z.literal('exit'), code: z.int().nullable() }),
    /** The lists were refreshed, for the record of them. */
    RefreshAnswer.unwrap().extend({ t: z.literal('refreshed'), atMs: Instant }),
    /** Jobs of an earlier release did not say when. */
    z.strictObject({ t: z.literal('not-refreshed'), message: Prose, atMs: Instant.optional() }),
    /** Updates were applied, for the record of that. */
    z.strictObject({ t: z.literal('applied'), atMs: Instant }),
    z.strictObject({
      t: z.literal('denied'),
      denial: z.strictObject(PolicyDenial.unwrap().shape),
      operation: z.string().max(64),
    }),
    /** What runs code that was replaced. */
    z.strictObject({ t: z.literal('old-code'), found: z.strictObject(JobOldCode.unwrap().shape) }),
    /** A reboot follows this job. */
    z.strictObject({ t: z.literal('reboot'), reboot: z.strictObject(JobReboot.unwrap().shape) }),
    /** For the audit log. */
    z.strictObject({
      t: z.literal('audit'),
      event: z.enum([
        'reboot_scheduled',
        'reboot_failed',
        'reboot_cancelled',
        'service_restarted',
        'service_restart_failed',
      ]),
      details: z.record(z.string().max(128), z.unknown()),
    }),
    z.strictObject({
      t: z.literal('done'),
      message: Prose,
      /** What is left to do when the job is on record; what comes of that is said after this. */
      afterwards: z.literal('reboot').optional(),
    }),
    z.strictObject({
      t: z.literal('failed'),
      code: AnyErrorCode,
      message: Prose,
      details: z.record(z.string().max(128), z.unknown()),
    }),
  ]),
);
export type RunReport = z.infer<typeof RunReport>;

/** As much of a text as a report has room for. */
export function prose(text: string): string {
  return text.slice(0, MOST_CHARACTERS);
}

/** What comes of a job, as whoever does it tells it. */
export function reporterTo(say: (report: RunReport) => void): JobReporter {
  return {
    log: (text) => say({ t: 'log', text: prose(text) }),
    output: (line, source) => source !== 'fd3' && say({ t: 'output', line: prose(line), source }),
    phase: (state, message) => say({ t: 'phase', state, message: prose(message) }),
    progress: (percent, message, state) => say({ t: 'progress', percent, message: prose(message), state }),
    results: (results) => say({ t: 'results', results: [...results] }),
    exitCode: (code) => say({ t: 'exit', code }),
    oldCode: (found) => say({ t: 'old-code', found }),
    reboot: (reboot) => say({ t: 'reboot', reboot }),
  };
}
