import type { Commands } from '@linux-patch/runtime';
import { describe, expect, it } from 'vitest';
import { findUnitFault, REFRESH_UNITS, WORKER_UNITS } from './unit-fault.ts';

type Shown = Readonly<Record<string, string>>;

const LISTENS = { Result: 'success', LoadState: 'loaded', ActiveState: 'active', SubState: 'listening' };
const UNUSED = { Result: 'success', LoadState: 'loaded', ActiveState: 'inactive', SubState: 'dead' };

/** What systemctl(1) of systemd 252 prints of the two units. */
function systemd(socket: Shown, service: Shown): Commands {
  return {
    async run({ args }) {
      const shown = args[1]?.endsWith('.socket') ? { ...LISTENS, ...socket } : { ...UNUSED, ...service };
      const stdout = Object.entries(shown).map(([name, value]) => `${name}=${value}\n`);
      const end = { exitCode: 0, signal: null, timedOut: false, aborted: false, durationMs: 1, stderr: '' };
      return { ...end, stdout: stdout.join('') };
    },
  };
}

const faultOf = (socket: Shown = {}, service: Shown = {}) =>
  findUnitFault(WORKER_UNITS, {
    commands: systemd(socket, service),
    signal: new AbortController().signal,
  });

describe('what keeps systemd from starting workers', () => {
  it('is nothing while the socket listens and the service can be used', async () => {
    expect(await faultOf()).toBeUndefined();
  });

  it('is nothing that anybody can say when systemd cannot be asked', async () => {
    const commands: Commands = { run: () => Promise.reject(new Error('ENOENT')) };
    const { signal } = new AbortController();
    expect(await findUnitFault(WORKER_UNITS, { commands, signal })).toBeUndefined();
  });

  it.each<[string, Shown, Shown, string, string]>([
    [
      'a masked socket',
      { LoadState: 'masked', ActiveState: 'inactive' },
      {},
      'linux-patch-worker.socket is masked',
      'systemctl unmask linux-patch-worker.socket && systemctl restart linux-patch-worker.socket',
    ],
    [
      'a stopped socket',
      { ActiveState: 'inactive' },
      {},
      'linux-patch-worker.socket is stopped',
      'systemctl start linux-patch-worker.socket',
    ],
    [
      'a socket that has failed by itself',
      { ActiveState: 'failed', Result: 'resources' },
      {},
      'linux-patch-worker.socket has failed (resources)',
      'systemctl restart linux-patch-worker.socket',
    ],
    [
      'a masked service, of which the socket has failed',
      { ActiveState: 'failed', Result: 'resources' },
      { LoadState: 'masked' },
      'linux-patch-worker@.service is masked',
      'systemctl unmask linux-patch-worker@.service && systemctl restart linux-patch-worker.socket',
    ],
    [
      'a service with a setting that systemd does not take',
      { ActiveState: 'failed', Result: 'resources' },
      { LoadState: 'bad-setting' },
      'systemd cannot use linux-patch-worker@.service (bad-setting)',
      'systemd-analyze verify linux-patch-worker@.service  # mend what it names, then: systemctl daemon-reload && systemctl restart linux-patch-worker.socket',
    ],
  ])('is %s, with what mends it', async (_what, socket, service, what, mend) => {
    expect(await faultOf(socket, service)).toEqual({ what, mend });
  });

  it('is told of what refreshes the lists as of what reads packages', async () => {
    const commands = systemd({ ActiveState: 'failed' }, { LoadState: 'masked' });
    expect(await findUnitFault(REFRESH_UNITS, { commands, signal: new AbortController().signal })).toEqual({
      what: 'linux-patch-refresh@.service is masked',
      mend: 'systemctl unmask linux-patch-refresh@.service && systemctl restart linux-patch-refresh.socket',
    });
  });
});
