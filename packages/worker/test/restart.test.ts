import { describe, expect, it } from 'vitest';
import { restartService } from '../src/services/restart.ts';
import { findRestartable } from '../src/services/restartable.ts';
import { running, type SystemctlOptions, systemctlHost, type Unit } from './systemctl.ts';

const NEVER = new AbortController().signal;
const find = (name: string, ...units: Unit[]) => findRestartable(systemctlHost({ units }), name);
const refused = (why: string) => ({
  code: 'SERVICE_RESTART_REFUSED',
  message: expect.stringContaining(why),
});

describe('a service may be restarted', () => {
  it('when it runs or has failed, under any of its names, and what follows it is named', async () => {
    const web = running('nginx.service', {
      Names: 'nginx.service web.service',
      ConsistsOf: 'app.service off.service',
    });
    const app = running('app.service', { RequiredBy: 'job.service' });
    const off = running('off.service', { ActiveState: 'inactive' });
    const job = running('job.service', { BoundBy: 'nginx.service' });
    expect(await find('web.service', web, app, off, job)).toEqual({
      name: 'nginx.service',
      following: ['app.service', 'job.service'],
    });
    const failed = running('cron.service', { ActiveState: 'failed' });
    expect(await find('cron.service', failed)).toEqual({ name: 'cron.service', following: [] });
  });

  it('and one that there is not has a code of its own', async () => {
    await expect(find('gone.service')).rejects.toMatchObject({
      code: 'SERVICE_NOT_FOUND',
      message: 'This host has no service named gone.service.',
    });
  });

  it.each([
    ['does not run', running('a.service', { ActiveState: 'inactive' }), 'it does not run (inactive)'],
    ['is masked', running('a.service', { LoadState: 'masked' }), 'its unit is masked'],
    ['does its work once', running('a.service', { Type: 'oneshot' }), 'Type=oneshot'],
  ])('but not one that %s', async (_what, unit, why) => {
    await expect(find('a.service', unit)).rejects.toMatchObject(refused(why));
  });

  it('but not one that has a protected name beside the one it was asked for', async () => {
    const login = running('systemd-logind.service', { Names: 'systemd-logind.service logind.service' });
    await expect(find('logind.service', login)).rejects.toMatchObject(refused('a part of systemd'));
    const bus = running('broker.service', { Names: 'broker.service dbus.service' });
    await expect(find('broker.service', bus)).rejects.toMatchObject(refused('would be cut off'));
  });

  it('but not one with which a protected one or a mount goes down, however far away', async () => {
    const a = running('a.service', { RequiredBy: 'b.service' });
    const b = running('b.service', { PropagatesStopTo: 'dbus.service' });
    const bus = running('dbus.service');
    await expect(find('a.service', a, b, bus)).rejects.toMatchObject(refused('dbus.service is restarted'));
    const mount = running('home.mount');
    const server = running('a.service', { BoundBy: 'home.mount' });
    await expect(find('a.service', server, mount)).rejects.toMatchObject(refused('home.mount is restarted'));
    const crowd = Array.from({ length: 120 }, (_, index) => running(`u${index}.service`));
    const busy = running('a.service', { ConsistsOf: crowd.map((unit) => unit['Id']).join(' ') });
    await expect(find('a.service', busy, ...crowd)).rejects.toMatchObject(refused('more than 100 units'));
  });

  it('only on a host of systemd', async () => {
    const host = systemctlHost({ units: [running('a.service')] });
    const openrc = { ...host, files: { facts: async () => undefined } };
    await expect(findRestartable(openrc, 'a.service')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    await expect(findRestartable({ ...host, root: '/private' }, 'a.service')).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining('/private'),
    });
  });
});

/** Restarts `a.service`, with the time that passes meanwhile. */
async function restarted(options: Omit<SystemctlOptions, 'units'>) {
  const host = systemctlHost({ units: [running('a.service')], ...options });
  const ended = restartService(host, 'a.service', NEVER).then(
    () => undefined,
    (error: unknown) => error,
  );
  const done = { yet: false };
  void ended.then(() => (done.yet = true));
  while (!done.yet) await host.clock.advance(1_000);
  return { failure: await ended, run: host.run };
}
const anew = (odd: Unit = {}) => ({ unit: running('a.service', { InvocationID: 'a2', ...odd }) });

describe('a restart', () => {
  it('is done when the service runs anew a moment later', async () => {
    const { failure, run } = await restarted({ restart: () => anew() });
    expect(failure).toBeUndefined();
    const [restart] = run.filter(({ args }) => args[0] === 'restart');
    expect(restart).toMatchObject({
      program: 'systemctl',
      args: ['restart', '--no-ask-password', '--', 'a.service'],
      timeoutMs: 600_000,
    });
  });

  it.each<[string, NonNullable<SystemctlOptions['restart']>, string]>([
    [
      'systemctl says so',
      () => ({
        ...anew({ ActiveState: 'failed', Result: 'exit-code' }),
        ended: { exitCode: 1, stderr: 'Job\nfailed.' },
      }),
      'systemctl ended with 1 (Job failed.). It is failed (running), result exit-code',
    ],
    ['it is down a moment later', () => anew({ ActiveState: 'failed' }), 'it does not run a moment later'],
    ['it ends again and again', () => anew({ NRestarts: '3' }), 'its program ends again and again'],
    ['nothing was started', () => ({}), 'systemd did not start it anew'],
    [
      'it takes too long',
      () => ({ ended: { exitCode: null, signal: 'SIGTERM', timedOut: true } }),
      'systemd was not done with it after 10 minutes, and goes on',
    ],
  ])('has failed when %s, and that is said', async (_what, restart, why) => {
    const { failure } = await restarted({ restart });
    expect(failure).toMatchObject({ code: 'SERVICE_RESTART_ERROR', message: expect.stringContaining(why) });
  });

  it('that failed brings the last lines of the journal, few, short and without what steers a terminal', async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index} \u001b[31m${'x'.repeat(2_000)}`);
    const { failure, run } = await restarted({
      restart: () => anew({ ActiveState: 'failed', ExecMainStatus: '3' }),
      journal: `${lines.join('\n')}\n`,
    });
    const { service } = (failure as { details: { service: { journal: string[]; exit_status: number } } })
      .details;
    expect(service.exit_status).toBe(3);
    expect(service.journal).toHaveLength(20);
    expect(service.journal[19]).toMatch(/^line 39 \\u001b\[31mx+$/);
    expect(Math.max(...service.journal.map((line) => line.length))).toBe(500);
    expect(run.at(-1)?.args).toEqual(expect.arrayContaining(['--unit=a.service', '--lines=20']));
  });

  it('ends when its job is cancelled, which is then its reason', async () => {
    const cancelled = new AbortController();
    const host = systemctlHost({
      units: [running('a.service')],
      restart: () => {
        cancelled.abort(new Error('cancelled'));
        return { ended: { exitCode: null, aborted: true } };
      },
    });
    await expect(restartService(host, 'a.service', cancelled.signal)).rejects.toThrow('cancelled');
  });
});
