import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROGRAMS } from '../programs.ts';

const AGENT = join(import.meta.dirname, '../agent');
const read = (name: string): string => readFileSync(join(AGENT, name), 'utf8');

describe('the user of the agent', () => {
  it('is one for whoever makes it, runs as it, gives it its folders, and lets it ask the worker', () => {
    const account = 'linux-patch-api';
    expect(read('functions.sh')).toContain(`\nACCOUNT=${account}\n`);
    expect(read('owners')).toContain(`\nACCOUNT=${account}\n`);
    expect(read('linux-patch-api.service')).toContain(`\nUser=${account}\n`);
    for (const socket of ['linux-patch-worker.socket', 'linux-patch-refresh.socket'])
      expect(read(socket)).toContain(`\nSocketUser=${account}\n`);
  });

  it('has no capability, and its folders from one place, which every package has', () => {
    const unit = read('linux-patch-api.service');
    expect(unit).toMatch(/^CapabilityBoundingSet=$/m);
    expect(unit).not.toMatch(/^(?:AmbientCapabilities|StateDirectory|RuntimeDirectory)=/m);
    expect(unit.match(/^ReadWritePaths=.*$/gm)).toEqual([
      'ReadWritePaths=-/etc/linux_patch_api/certs',
      'ReadWritePaths=-/var/lib/linux_patch_api',
    ]);
    const [, owners] = /^ExecStartPre=\+(\S+)$/m.exec(unit) ?? [];
    const agent = PROGRAMS.find(({ folder }) => folder === 'agent');
    expect(agent?.extraFiles.find(({ target }) => target === owners)?.mode).toBe(0o755);
  });
});
