import { PatchError } from '@linux-patch/contract';
import { describe, expect, it, vi } from 'vitest';
import { applyAll, jobWorld, upgraded } from '../../test/job-world.ts';
import type { OperationOutcome, OperationRun } from '../package-interface/package-operations.ts';
import type { JobRequest } from './job-request.ts';

const fail = (code: ConstructorParameters<typeof PatchError>[0], message: string) => async () => {
  throw new PatchError(code, message, { details: { exit_code: 100 } });
};

describe('applying patches', () => {
  it('refreshes first, then applies, and records versions and the time', async () => {
    const { finish, done, cache, clock } = await jobWorld({});
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
    const { finish, done, cache } = await jobWorld({ refresh: fail('GPG_ERROR', 'NO_PUBKEY 1234') });
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
    const { finish } = await jobWorld({ refresh: fail('TIMEOUT', 'no answer for 120 s') });
    expect(await finish(applyAll())).toMatchObject({ error_code: 'CACHE_REFRESH_ERROR' });
  });

  it('tries once more with fresh lists when a download fails, and only once', async () => {
    let attempts = 0;
    const { finish, done } = await jobWorld({
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
    const { finish } = await jobWorld({ repair: async () => true });
    expect((await finish(applyAll())).logs.join('\n')).toContain(
      'interrupted package installation was repaired',
    );
  });

  it('names who holds the package database while it waits, and shows progress afterwards', async () => {
    let run: OperationRun | undefined;
    const gate = Promise.withResolvers<OperationOutcome>();
    const { start } = await jobWorld({
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
    const { start } = await jobWorld({
      refresh: async (run) => {
        run.onWaitingForLock('apt (pid 4711)');
        states.push(job.core.state);
        run.onLockFree?.();
        states.push(job.core.state);
        return { failed: [], healthy: [] };
      },
    });
    const { job, ended } = await start(applyAll());
    await ended;
    expect(states).toEqual(['waiting_for_lock', 'refreshing']);
  });

  it('does nothing at all for an empty list', async () => {
    const { finish, done } = await jobWorld({});
    const job = await finish({ ...applyAll(), selection: { kind: 'none' } } as JobRequest);
    expect(job).toMatchObject({ status: 'completed', results: [] });
    expect(done).toEqual([]);
  });
});

describe('a source that cannot be refreshed', () => {
  const failure = (security: boolean) => async () => ({
    healthy: [],
    failed: [
      {
        id: 'https://third.example stable',
        source: 'https://third.example stable',
        reason: '403  Forbidden.',
        code: 'NETWORK_ERROR' as const,
        security,
      },
    ],
  });

  it('is named by the job, which applies what the others offer', async () => {
    const { finish, done, cache } = await jobWorld({ refresh: failure(false) });
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
    const { finish } = await jobWorld({ refresh: failure(false), applyPatches: async () => nothing });
    expect((await finish(applyAll())).message).toMatch(/^Nothing was changed\. Not refreshed: https:/);
  });

  it('of security updates lets the rest in and makes the job fail in the end, unless packages are named', async () => {
    const { finish, done } = await jobWorld({ refresh: failure(true) });
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
    const strict = await jobWorld({ refresh: failure(false) }, undefined, true);
    expect(await strict.finish(applyAll())).toMatchObject({
      status: 'failed',
      error_code: 'NETWORK_ERROR',
      error: expect.stringContaining('https://third.example stable: 403'),
    });
    expect(strict.done).toEqual([]);
    const lenient = { ...applyAll(), requireAllSources: false } as JobRequest;
    expect(await strict.finish(lenient)).toMatchObject({ status: 'completed' });
    const asked = await jobWorld({ refresh: failure(false) });
    expect(await asked.finish({ ...applyAll(), requireAllSources: true } as JobRequest)).toMatchObject({
      status: 'failed',
    });
  });
});

describe('a job for named packages', () => {
  const options = { force: false, noRecommends: false, allowDowngrade: false };

  it.each<[JobRequest, readonly string[]]>([
    [{ operation: 'install', packages: [{ name: 'toylib' }], ...options }, ['refresh', 'install']],
    [{ operation: 'update', name: 'toylib', ...options }, ['refresh', 'install']],
    [{ operation: 'remove', name: 'toylib', purge: false, force: false }, ['remove']],
  ])('has fresh lists where it needs them: %o', async (request, order) => {
    const { finish, done } = await jobWorld({
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
