import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeCommands, systemClock, systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionService, systemdService } from '../../worker/src/detached/service.ts';
import { createDetachedWork } from '../../worker/src/detached/work.ts';
import { packageEnvironment } from '../../worker/src/packages/environment.ts';
import { plainWish, quietRun } from './apt-bench.ts';
import { ownBench } from './own-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Asks a person at the terminal, and tells what it found. */
const ASKING = [
  'exec 3>"$DPKG_ROOT/tmp/told"',
  'if (: </dev/tty) 2>/dev/null; then echo terminal >&3; read answer </dev/tty; else echo none >&3; fi',
  'if read answer; then echo input >&3; else echo end >&3; fi',
].join('\n');

/** Package work as it is where no systemd runs. */
function detachedOn(root: string) {
  const service = sessionService(nodeCommands(packageEnvironment(root)), systemFiles);
  const shared = { files: systemFiles, clock: systemClock, service };
  return createDetachedWork({ ...shared, folder: join(root, 'jobs/work') }).of('job');
}

describe("a package's script", () => {
  it.each([
    ['a child of the agent', false],
    ['a session of its own', true],
  ])('that asks on the terminal finds none, run as %s', async (_how, detached) => {
    const { packages, root } = await ownBench(folder.path, {
      old: [{ name: 'toyasks', version: '1', postinst: ASKING }],
      installed: [],
    });
    const work = detached ? detachedOn(root) : undefined;
    await packages.operations.install({ ...plainWish, packages: [{ name: 'toyasks' }] }, quietRun({ work }));
    expect(await readFile(join(root, 'tmp/told'), 'utf8')).toBe('none\nend\n');
  });

  it('finds a fixed environment, in which debconf marks no unanswered question as seen', async () => {
    const { packages, root } = await ownBench(folder.path, {
      old: [{ name: 'toyenv', version: '1', postinst: 'env >"$DPKG_ROOT/tmp/env"' }],
      installed: [],
    });
    await packages.operations.install({ ...plainWish, packages: [{ name: 'toyenv' }] }, quietRun());
    const env = Object.fromEntries(
      (await readFile(join(root, 'tmp/env'), 'utf8')).split('\n').map((line) => line.split('=', 2)),
    ) as Record<string, string>;
    expect(env).toMatchObject({ DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8', HOME: '/root' });
    for (const name of ['DEBCONF_NONINTERACTIVE_SEEN', 'LANGUAGE', 'LANG', 'USER', 'NODE_OPTIONS'])
      expect(env).not.toHaveProperty(name);
  });

  it('finds the same in a unit of systemd, whatever systemd gives to its services', async () => {
    const seen: string[][] = [];
    const quiet = { exitCode: 0, signal: null, stdout: '', stderr: '', timedOut: false, aborted: false };
    // What systemd-run is asked to start is started here, with an environment as systemd may give it.
    const service = systemdService({
      run: async (command) => {
        // No unit of that name is loaded.
        if (command.program === 'systemctl') return { ...quiet, durationMs: 1 };
        seen.push([...command.args]);
        const start = command.args.slice(command.args.indexOf('--') + 1);
        // What is no `$$` would be a variable of systemd's.
        expect(start.join(' ').replaceAll('$$', '')).not.toContain('$');
        const [program = '', ...args] = start.map((word) => word.replaceAll('$$', '$'));
        return nodeCommands({ LANGUAGE: 'de', LANG: 'de_DE.UTF-8' }).run({ ...command, program, args });
      },
    });
    const place = join(folder.path, 'unit');
    await mkdir(place);
    await service.start({
      name: 'x',
      description: 'x',
      folder: place,
      program: 'sh',
      args: ['-c', 'env; echo "WORD=${1##*/}"', 'sh', '/a/$HOME'],
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      timeoutMs: 10_000,
    });
    const lines = (await readFile(join(place, 'stdout'), 'utf8')).split('\n').filter(Boolean);
    const own = lines.filter((line) => !/^(PWD|SHLVL|_|OLDPWD)=/.test(line));
    expect(own.toSorted()).toEqual([
      'DEBIAN_FRONTEND=noninteractive',
      'HOME=/root',
      'LC_ALL=C.UTF-8',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'WORD=$HOME',
    ]);
    expect(seen[0]).not.toContain('--pty');
  });
});
