import { PatchError } from '@linux-patch/contract';
import { nodeCommands, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { memoryLogger } from '@linux-patch/runtime/testing';
import { describe, expect, it, vi } from 'vitest';
import { SOURCE, testCache } from '../../test/package-cache.ts';
import { createCacheRefresher } from '../lists/cache-refresh.ts';
import type {
  OperationOutcome,
  OperationRun,
  PackageOperations,
} from '../package-interface/package-operations.ts';
import { createWork } from './executor.ts';
import { withReboot } from './follow-with-reboot.ts';
import type { JobRequest } from './job-request.ts';
import { JobJournal } from './journal.ts';
import { createReboot, type Reboot, rebootCommands } from './reboot.ts';
import { runJob } from './run-job.ts';
import { RunningJob } from './running-job.ts';
import { createJob } from './state.ts';

const upgraded: OperationOutcome = {
  results: [{ name: 'toylib', action: 'upgraded', version_before: '1.0', version_after: '1.1' }],
  exitCode: 0,
};
const applyAll = (extra: { reboot?: boolean; rebootDelaySeconds?: number } = {}): JobRequest => ({
  operation: 'patch_apply',
  selection: { kind: 'all' },
  exclude: [],
  reboot: false,
  rebootDelaySeconds: 0,
  ...extra,
});

/** Jobs that work with the given package manager. */
async function world(given: Partial<PackageOperations>, reboot?: Reboot, requireAllSources = false) {
  const { folder, shared, cache } = await testCache();
  const { clock, logger } = shared;
  const done: string[] = [];
  const operations: PackageOperations = {
    adopt: async () => undefined,
    changedSince: async () => undefined,
    refresh: async () => {
      done.push('refresh');
      return [];
    },
    repair: async () => false,
    install: async () => upgraded,
    remove: async () => upgraded,
    hold: async () => ({ results: [], exitCode: 0 }),
    applyPatches: async () => {
      done.push('apply');
      return upgraded;
    },
    rebootRequired: async () => ({ required: true, reasons: ['linux-image'] }),
    ...given,
  };
  const refresher = createCacheRefresher({
    ...shared,
    cache,
    intervalMs: 3_600_000,
    readSources: async () => [SOURCE],
    refreshQuietly: async () => {
      done.push('background refresh');
      return [];
    },
    isBusy: () => false,
  });
  const settings = { clock, requireAllSources, timeoutMs: 60_000 };
  const work = createWork({ operations, refresher, cache, ...settings });
  const execute = withReboot(work, { clock, reboot });
  const journal = new JobJournal({ files: systemFiles, logger, folder: `${folder}/jobs` });
  const unwritten = (error: unknown): void => {
    throw error;
  };
  const start = async (request: JobRequest) => {
    await systemFiles.makeFolder(`${folder}/jobs`, 0o700);
    const core = createJob({ id: systemRandom.uuid(), request, nowMs: clock.now() });
    const events = { publish: () => {} };
    const job = new RunningJob({ core, request, clock, journal, events, changed: () => {}, unwritten });
    const given = { clock, logger, journal, execute, timeoutMinutes: 30, detached: undefined };
    return { job, ended: runJob(job, { ...given, isStopping: () => false, unwritten }) };
  };
  const finish = async (request: JobRequest) => {
    const { job, ended } = await start(request);
    await ended;
    return { ...job.core, ...(await journal.readText(job.core.job_id)) };
  };
  return { start, finish, cache, clock, done, refresher };
}

const fail = (code: ConstructorParameters<typeof PatchError>[0], message: string) => async () => {
  throw new PatchError(code, message, { details: { exit_code: 100 } });
};

describe('applying patches', () => {
  it('refreshes first, then applies, and records versions and the time', async () => {
    const { finish, done, cache, clock } = await world({});
    const job = await finish(applyAll());
    expect(done).toEqual(['refresh', 'apply']);
    expect(job).toMatchObject({
      status: 'completed',
      message: 'toylib 1.1 upgraded',
      exit_code: 0,
      packages: ['toylib'],
      results: upgraded.results,
    });
    expect(cache).toMatchObject({ lastUpdateMs: clock.now(), lastApplyMs: clock.now() });
    expect(cache.status()).toBe('fresh');
  });

  it("fails with the package manager's words when the refresh fails, and applies nothing", async () => {
    const { finish, done, cache } = await world({ refresh: fail('GPG_ERROR', 'NO_PUBKEY 1234') });
    expect(await finish(applyAll())).toMatchObject({
      status: 'failed',
      error_code: 'GPG_ERROR',
      error: 'NO_PUBKEY 1234',
      exit_code: 100,
    });
    expect(done).toEqual([]);
    expect(cache.status()).toBe('failed');
    expect(cache.health()).toContain('NO_PUBKEY');
  });

  it('calls a refresh that failed without a code of its own CACHE_REFRESH_ERROR', async () => {
    const { finish } = await world({ refresh: fail('TIMEOUT', 'no answer for 120 s') });
    expect(await finish(applyAll())).toMatchObject({ error_code: 'CACHE_REFRESH_ERROR' });
  });

  it('tries once more with fresh lists when a download fails, and only once', async () => {
    let attempts = 0;
    const { finish, done } = await world({
      applyPatches: async () => {
        attempts += 1;
        throw new PatchError('NETWORK_ERROR', '404 Not Found');
      },
    });
    const job = await finish(applyAll());
    expect(job).toMatchObject({ status: 'failed', error_code: 'NETWORK_ERROR' });
    expect(attempts).toBe(2);
    expect(done).toEqual(['refresh', 'refresh']);
    expect(job.logs.join('\n')).toContain('404 Not Found');
  });

  it('repairs an interrupted installation before, and says so', async () => {
    const { finish } = await world({ repair: async () => true });
    expect((await finish(applyAll())).logs.join('\n')).toContain(
      'interrupted package installation was repaired',
    );
  });

  it('names who holds the package database while it waits, and shows progress afterwards', async () => {
    let run: OperationRun | undefined;
    const gate = Promise.withResolvers<OperationOutcome>();
    const { start } = await world({
      applyPatches: (_wish, given) => {
        run = given;
        return gate.promise;
      },
    });
    const { job, ended } = await start(applyAll());
    await vi.waitUntil(() => run, { interval: 5, timeout: 200_000 });
    run?.onWaitingForLock('unattended-upgr (pid 4711)');
    expect(job.core).toMatchObject({
      status: 'running',
      state: 'waiting_for_lock',
      message: 'Waiting for unattended-upgr (pid 4711), which holds the package database',
    });
    run?.onLockFree?.();
    expect(job.core).toMatchObject({
      state: 'running',
      message: 'Nobody else holds the package database any more',
    });
    run?.onProgress(50, 'Unpacking toylib');
    expect(job.core).toMatchObject({ state: 'running', progress: 54, message: 'Unpacking toylib' });
    gate.resolve(upgraded);
    await ended;
  });

  it('still refreshes when it had to wait for that', async () => {
    const states: string[] = [];
    const { start } = await world({
      refresh: async (run) => {
        run.onWaitingForLock('apt (pid 4711)');
        states.push(job.core.state);
        run.onLockFree?.();
        states.push(job.core.state);
        return [];
      },
    });
    const { job, ended } = await start(applyAll());
    await ended;
    expect(states).toEqual(['waiting_for_lock', 'refreshing']);
  });

  it('does nothing at all for an empty list', async () => {
    const { finish, done } = await world({});
    const job = await finish({ ...applyAll(), selection: { kind: 'none' } } as JobRequest);
    expect(job).toMatchObject({ status: 'completed', results: [] });
    expect(done).toEqual([]);
  });
});

describe('a source that cannot be refreshed', () => {
  const failure = (security: boolean) => async () => [
    {
      source: 'https://third.example stable',
      reason: '403  Forbidden.',
      code: 'NETWORK_ERROR' as const,
      security,
    },
  ];

  it('is named by the job, which applies what the others offer', async () => {
    const { finish, done, cache } = await world({ refresh: failure(false) });
    const job = await finish(applyAll());
    expect(done).toEqual(['apply']);
    expect(job).toMatchObject({
      status: 'completed',
      message: 'toylib 1.1 upgraded. Not refreshed: https://third.example stable: 403  Forbidden.',
    });
    expect(cache.health()).toContain('https://third.example stable (403  Forbidden.)');
  });

  it('is never hidden by "nothing to do"', async () => {
    const nothing = { results: [], exitCode: null };
    const { finish } = await world({ refresh: failure(false), applyPatches: async () => nothing });
    expect((await finish(applyAll())).message).toMatch(/^Nothing was changed\. Not refreshed: https:/);
  });

  it('of security updates lets the rest in and makes the job fail in the end, unless packages are named', async () => {
    const { finish, done } = await world({ refresh: failure(true) });
    expect(await finish(applyAll())).toMatchObject({
      status: 'failed',
      error_code: 'NETWORK_ERROR',
      error: expect.stringMatching(/^toylib 1\.1 upgraded\. Not refreshed/),
      results: upgraded.results,
    });
    expect(done).toEqual(['apply']);
    const named = { kind: 'names' as const, names: ['toylib'], securityOnly: false };
    expect(await finish({ ...applyAll(), selection: named } as JobRequest)).toMatchObject({
      status: 'completed',
    });
  });

  it('keeps everything from being applied where the host or the request wants every source', async () => {
    const strict = await world({ refresh: failure(false) }, undefined, true);
    expect(await strict.finish(applyAll())).toMatchObject({
      status: 'failed',
      error_code: 'NETWORK_ERROR',
      error: expect.stringContaining('https://third.example stable: 403'),
    });
    expect(strict.done).toEqual([]);
    const lenient = { ...applyAll(), requireAllSources: false } as JobRequest;
    expect(await strict.finish(lenient)).toMatchObject({ status: 'completed' });
    const asked = await world({ refresh: failure(false) });
    expect(await asked.finish({ ...applyAll(), requireAllSources: true } as JobRequest)).toMatchObject({
      status: 'failed',
    });
  });
});

describe('the reboot after patches', () => {
  it('happens when it is allowed and the host needs it, and the job says so before', async () => {
    const delays: number[] = [];
    const reboot: Reboot = async ({ delaySeconds }) => void delays.push(delaySeconds);
    const { finish } = await world({}, reboot);
    await finish(applyAll());
    expect(delays).toEqual([]);
    const now = await finish(applyAll({ reboot: true }));
    expect(now.message).toBe('toylib 1.1 upgraded; the host reboots now (linux-image)');
    await vi.waitUntil(() => delays.length === 1, { interval: 5, timeout: 200_000 });
    const later = await finish(applyAll({ reboot: true, rebootDelaySeconds: 300 }));
    expect(later.message).toMatch(
      /; the host reboots in 5 min \(linux-image\); "shutdown -c" on it cancels that$/,
    );
    expect(later.reboot).toEqual({
      due_at: new Date(Date.parse(later.completed_at ?? '') + 300_000).toISOString(),
      delay_seconds: 300,
      reasons: ['linux-image'],
    });
    expect(delays).toEqual([0, 300]);
    const calm = await world({ rebootRequired: async () => ({ required: false, reasons: [] }) }, reboot);
    const without = await calm.finish(applyAll({ reboot: true }));
    expect([without.reboot, without.message]).toEqual([null, expect.stringContaining('no reboot')]);
    expect(delays).toHaveLength(2);
  });

  it('is said also when nothing had to be installed', async () => {
    const { finish } = await world(
      { applyPatches: async () => ({ results: [], exitCode: 0 }) },
      async () => {},
    );
    const job = await finish(applyAll({ reboot: true, rebootDelaySeconds: 60 }));
    expect(job.message).toMatch(/^Nothing to do.*; the host reboots in 1 min/);
  });

  it('leaves the job completed when no program of the host reboots it, and says so everywhere', async () => {
    const commands = nodeCommands({ PATH: '/nonexistent' });
    const logger = memoryLogger();
    const events: [string, unknown][] = [];
    const audit = {
      record: (event: string, details?: object) => void events.push([event, details]),
      flush: async () => {},
    };
    const { finish } = await world({}, createReboot({ commands, logger, audit }));
    const job = await finish(applyAll({ reboot: true }));
    const { job_id: id } = job;
    expect(job.status).toBe('completed');
    expect(job.logs.join('\n')).toContain('The reboot could not be started');
    expect(events).toEqual([
      ['reboot_scheduled', { job: id, delay_seconds: 0, reasons: ['linux-image'] }],
      ['reboot_failed', { job: id, reason: expect.stringContaining('could not be started') }],
    ]);
    expect(logger.records.map((one) => one.message)).toEqual([
      'Rebooting this host',
      'The reboot could not be started',
    ]);
    const delayed = await finish(applyAll({ reboot: true, rebootDelaySeconds: 60 }));
    expect([delayed.status, delayed.reboot]).toEqual(['completed', null]);
    expect(delayed.message).toContain('The reboot could not be started');
  });

  it('tells everybody who is logged in why, in whole minutes, rounded up, on one line', () => {
    const plan = { jobId: '1', delaySeconds: 90, reasons: ['kernel 6.1\n\u001b[2J', 'libc6'] };
    expect(rebootCommands(plan)).toEqual([
      {
        program: 'shutdown',
        args: [
          '-r',
          '+2',
          'Linux Patch (job 1) reboots this host: kernel 6.1\\u000a\\u001b[2J; libc6. To cancel: shutdown -c',
        ],
      },
    ]);
    expect(rebootCommands({ ...plan, delaySeconds: 0 }).map((one) => one.program)).toEqual([
      'shutdown',
      'systemctl',
      'reboot',
    ]);
  });
});

describe('a job for named packages', () => {
  const options = { force: false, noRecommends: false, allowDowngrade: false };

  it.each<[JobRequest, readonly string[]]>([
    [{ operation: 'install', packages: [{ name: 'toylib' }], ...options }, ['refresh', 'install']],
    [{ operation: 'update', name: 'toylib', ...options }, ['refresh', 'install']],
    [{ operation: 'remove', name: 'toylib', purge: false, force: false }, ['remove']],
  ])('has fresh lists where it needs them: %o', async (request, order) => {
    const { finish, done } = await world({
      install: async () => {
        done.push('install');
        return upgraded;
      },
      remove: async () => {
        done.push('remove');
        return upgraded;
      },
    });
    expect(await finish(request)).toMatchObject({ status: 'completed' });
    expect(done).toEqual(order);
  });
});
