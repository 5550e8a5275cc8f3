import { join } from 'node:path';
import { DAY_MS, MINUTE_MS } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, seededRandom, temporaryFolder } from '@linux-patch/runtime/testing';
import {
  type Executor,
  type JobContext,
  JobJournal,
  type JobOutcome,
  type JobRequest,
  type NamedRequest,
  nameChange,
} from '@linux-patch/worker';
import { onTestFinished, vi } from 'vitest';
import { type JobQueue, openJobQueue } from '../src/jobs/queue.ts';

/** Work that a test ends by hand. */
export function handWork() {
  const begun: { request: JobRequest; context: JobContext; end: (outcome: JobOutcome) => void }[] = [];
  const execute: Executor = (request, context) => {
    const { promise, resolve, reject } = Promise.withResolvers<JobOutcome>();
    context.signal.addEventListener('abort', () => reject(new Error('apt-get was ended by SIGTERM')));
    begun.push({ request, context, end: resolve });
    return promise;
  };
  return { begun, execute };
}

export async function queueWorld(
  limits: Partial<Parameters<typeof openJobQueue>[0]['limits']> = {},
  files: Files = systemFiles,
) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const clock = new ManualClock();
  const random = seededRandom(1);
  const logger = memoryLogger();
  const open = (execute: Executor): Promise<JobQueue> =>
    openJobQueue({
      journal: new JobJournal({ folder: join(folder.path, 'jobs'), files, logger }),
      clock,
      random,
      logger,
      execute,
      limits: {
        maxConcurrent: 5,
        maxQueueDepth: 3,
        timeoutMs: 30 * MINUTE_MS,
        retentionMs: 30 * DAY_MS,
        retentionCount: 1000,
        ...limits,
      },
    });
  return { folder: join(folder.path, 'jobs'), clock, logger, open };
}

/** What a caller named so. */
export function nameOf(idempotencyKey: string, text = 'POST /'): NamedRequest {
  const named = nameChange({ line: text, idempotencyKey, body: new Uint8Array() });
  if (named) return named;
  throw new Error(`${idempotencyKey} names nothing`);
}

/** Resolves once it is so. */
export const until = (check: () => boolean | undefined) =>
  vi.waitUntil(check, { interval: 5, timeout: 200_000 });
export const statusOf = (queue: JobQueue, id: string) => queue.find(id)?.status;
