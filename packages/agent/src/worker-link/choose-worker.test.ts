import type { FileFacts } from '@linux-patch/runtime';
import { nodeCommands } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { isBehindSocket } from './choose-worker.ts';

const SYSTEMD = '/run/systemd/system';
const UNIT = '/usr/lib/systemd/system/linux-patch-worker.socket';

function host(
  paths: readonly string[],
  change: { readonly root?: string; readonly configFile?: string } = {},
) {
  const facts = async (path: string) => (paths.includes(path) ? ({} as FileFacts) : undefined);
  const configFile = '/etc/linux_patch_api/config.yaml';
  return { root: '/', configFile, ...change, files: { facts }, commands: nodeCommands(), backend: 'auto' };
}

describe('the worker of a host', () => {
  it('is started by systemd where systemd runs and the package has its socket', async () => {
    expect(await isBehindSocket(host([SYSTEMD, UNIT]))).toBe(true);
    // An agent that is not root could start none that is.
    expect(await isBehindSocket(host([SYSTEMD, UNIT], { configFile: '/etc/other.yaml' }))).toBe(true);
  });

  it.each([
    ['systemd does not run', host([UNIT])],
    ['the unit is not installed', host([SYSTEMD])],
    ['a private root is worked on', host([SYSTEMD, UNIT], { root: '/srv/private' })],
  ])('is a child of the agent where %s', async (_what, one) => {
    expect(await isBehindSocket(one)).toBe(false);
  });
});
