import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { ensurePrograms } from '../../tools/system-packages.ts';
import { run } from '../build/shell.ts';

const SCRIPT = join(import.meta.dirname, 'cut-off.sh');

/** What is seen where a package is installed, cut off and tried again, in a copy of this system that nobody else sees. */
function cutOff(format: 'deb' | 'rpm' | 'pacman', ending: RegExp): string[] {
  ensurePrograms('Installing packages', [
    ['rpm', 'rpm'],
    ['pacman', 'pacman-package-manager'],
  ]);
  const packages = inject('packages');
  const name = readdirSync(packages).find((one) => one.startsWith('linux-patch-api') && ending.test(one));
  const folder = mkdtempSync(join(tmpdir(), 'linux-patch-cut-off-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const command = ['--mount', '--propagation', 'private', 'bash', SCRIPT, format];
  return run('unshare', [...command, join(packages, name ?? 'no such package'), folder])
    .trim()
    .split('\n');
}

describe('an installation that is cut off', () => {
  it('as an upgrade from 1.2.0 leaves an agent that starts, and is finished by dpkg --configure -a before whichever command it ended', () => {
    const [why, elsewhere, started, steps = '', ...differing] = cutOff('deb', /_amd64\.deb$/);
    expect(why).toMatch(/^\/srv\/patch-log \(logging\.file_path\) is not given .* \("other"\)/);
    expect(elsewhere).toBe(
      'elsewhere: /srv/patch-jobs linux-patch-api, /srv/patch-jobs/work linux-patch-api, /srv/patch-log root, /srv/patch-log/audit.log root, /etc/shadow root, ',
    );
    expect(started).toBe('started before it was configured: linux-patch-api');
    // One that was removed and comes back is a first one.
    expect(differing).toEqual(Array.from({ length: 3 }, () => 'enabled after a removal: 1'));
    expect(Number(/^steps: (\d+)$/.exec(steps)?.[1])).toBeGreaterThan(50);
  });

  it.each([
    ['rpm', /\.x86_64\.rpm$/],
    ['pacman', /-x86_64\.pkg\.tar\.zst$/],
  ] as const)(
    'is the first one still at the next try, and an upgrade once it was whole: %s',
    (format, ending) => {
      expect(cutOff(format, ending)).toEqual([
        'step 1: cut, then first, mark: 0',
        'step 20: cut, then first, mark: 0',
        'step 1000: whole, then again, mark: 0',
      ]);
    },
  );
});
