import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PolicyDenial } from '@linux-patch/contract';
import { DAY_MS, MINUTE_MS } from '@linux-patch/contract';
import { systemFiles as files } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, seededRandom, temporaryFolder } from '@linux-patch/runtime/testing';
import { JobJournal } from '@linux-patch/worker';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openOrders } from '../../../worker/src/admission/orders.ts';
import { governWork } from '../../../worker/src/jobs/governed.ts';
import { openHostPolicy } from '../../../worker/src/policy/host-policy.ts';
import { install } from '../../test/job-requests.ts';
import { openJobQueue } from './queue.ts';

/** A queue under the policy in a file, whose jobs wait until they are let go and then say `done`. */
async function world() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const path = join(folder.path, 'policy.yaml');
  const clock = new ManualClock();
  const logger = memoryLogger();
  const denied: { rule: string; job?: string; operation: string }[] = [];
  const onDenied = ({ rule }: PolicyDenial, about: { job?: string; operation: string }) =>
    void denied.push({ rule, ...about });
  const { recorded } = openOrders({ files, folder: folder.path });
  const governed = { policy: openHostPolicy({ files, path, root: folder.path }), clock, recorded, onDenied };
  const begun = new Set<string>();
  const go = Promise.withResolvers<void>();
  const work = governWork(
    async () => ({ message: 'done' }),
    governed,
    async (id) => begun.has(id),
  );
  const jobs = await openJobQueue({
    journal: new JobJournal({ folder: join(folder.path, 'jobs'), files, logger }),
    clock,
    random: seededRandom(1),
    logger,
    limits: {
      maxConcurrent: 5,
      maxQueueDepth: 9,
      timeoutMs: 30 * MINUTE_MS,
      retentionMs: 30 * DAY_MS,
      retentionCount: 99,
    },
    execute: async (request, context) => {
      await go.promise;
      return work(request, context);
    },
  });
  onTestFinished(() => {
    go.resolve();
    return jobs[Symbol.asyncDispose]();
  });
  return {
    jobs,
    clock,
    denied,
    begun,
    letGo: () => go.resolve(),
    allow: (text: string) => writeFile(path, text, { mode: 0o600 }),
    ended: async (id: string) => {
      await vi.waitUntil(() => jobs.find(id)?.completed_at, { interval: 5, timeout: 200_000 });
      return jobs.get(id);
    },
  };
}

describe('a job under the policy of the host', () => {
  it('does not begin when the policy forbids it by then', async () => {
    const { jobs, allow, letGo, ended, denied } = await world();
    const { job_id: job } = await jobs.submit(install('curl'));
    await allow('excluded_packages: [curl]');
    letGo();
    expect(await ended(job)).toMatchObject({
      status: 'failed',
      error_code: 'POLICY_DENIED',
      error_details: { policy: { rule: 'excluded_packages', line: 1 } },
    });
    expect(denied).toEqual([{ rule: 'excluded_packages', job, operation: 'install' }]);
  });

  it('goes on when its change has begun, whatever the policy says by then', async () => {
    const { jobs, allow, begun, letGo, ended } = await world();
    const { job_id: job } = await jobs.submit(install('curl'));
    begun.add(job);
    await allow('allowed_operations: []');
    letGo();
    expect(await ended(job)).toMatchObject({ status: 'completed', message: 'done' });
  });
});
