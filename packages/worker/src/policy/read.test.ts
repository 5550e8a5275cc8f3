import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RELEASED_AT_MS } from '@linux-patch/contract';
import { systemFiles as files } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHostPolicy } from './host-policy.ts';
import { isFaulty } from './policy.ts';
import { checkPolicyFile, readPolicy } from './read.ts';
import { readTimeZone } from './time-zone.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let count = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** A folder of its own with a policy of this text. */
async function place(text?: string): Promise<{ readonly folder: string; readonly path: string }> {
  const own = join(folder.path, String((count += 1)));
  await mkdir(own, { mode: 0o755 });
  const path = join(own, 'policy.yaml');
  if (text !== undefined) await writeFile(path, text, { mode: 0o644 });
  return { folder: own, path };
}

async function faultsOf(path: string): Promise<readonly string[] | undefined> {
  const reading = await readPolicy({ files, path });
  return isFaulty(reading) ? reading.faults.map((fault) => fault.replaceAll(path, 'FILE')) : undefined;
}

const FULL = `allowed_operations: [update, reboot]
excluded_packages:
  - postgresql*
  - linux-image-*
allowed_origins:
  - { origin: Debian, label: Debian-Security }
removals: none
windows:
  - { days: [sat, sun], from: "22:00", to: "04:00" }
  - { from: 12:30, to: 13:00 }
time_zone: Europe/Berlin
`;

describe('policy.yaml', () => {
  it('that does not exist forbids nothing', async () => {
    const { path } = await place();
    expect(await readPolicy({ files, path })).toMatchObject({
      written: false,
      values: { allowed_operations: ['update', 'install', 'remove', 'reboot'], removals: 'any' },
    });
    expect(await readPolicy({ files, path: join(path, 'of', 'no', 'folder') })).toMatchObject({
      written: false,
    });
  });

  it('is read with the line of every rule', async () => {
    const { path } = await place(FULL);
    const reading = await readPolicy({ files, path });
    if (isFaulty(reading)) throw new Error(reading.faults.join('\n'));
    expect(reading.values).toMatchObject({
      allowed_operations: ['update', 'reboot'],
      windows: [
        { days: ['sat', 'sun'], from: 22 * 60, to: 4 * 60 },
        { from: 750, to: 780 },
      ],
    });
    const keys = ['allowed_operations', 'excluded_packages.1', 'allowed_origins.0', 'removals', 'nothing'];
    expect(keys.map((key) => reading.lineOf(key))).toEqual([1, 4, 6, 7, undefined]);
  });

  it('has an example in the reference that is valid as it is and with every key in use', async () => {
    const example = await files.readText(
      join(import.meta.dirname, '../../../../docs/reference/agent-policy.example.yaml'),
    );
    const used = (example ?? '').replaceAll(/^#(?=[a-z]| {2}- )/gm, '');
    expect(await faultsOf((await place(example)).path)).toBeUndefined();
    const reading = await readPolicy({ files, path: (await place(used)).path });
    expect(reading).toMatchObject({
      values: { removals: 'named', windows: [{}, {}], time_zone: 'Europe/Berlin' },
    });
  });

  it('has all its faults told at once, each with line and column', async () => {
    const { path } = await place(
      [
        'allowed_operation: [update]',
        'excluded_packages: ["toy lib", ok]',
        'allowed_origins: [{}, { orgin: Debian }]',
        'removals: never',
        'windows:',
        '  - { days: [monday], from: "25:00", to: "02:60" }',
        '  - { from: "02:00", to: "02:00" }',
        'time_zone: Berlin',
        'extra: ""',
      ].join('\n'),
    );
    expect(await faultsOf(path)).toEqual([
      'FILE:1:1 allowed_operation: unknown key (did you mean "allowed_operations"?)',
      'FILE:2:21 excluded_packages.0: a name pattern has only letters, digits, + . _ @ - : * ?',
      'FILE:3:19 allowed_origins.0: must name origin, label, suite, codename or site; an entry without any would let in everything',
      'FILE:3:23 allowed_origins.1: must name origin, label, suite, codename or site; an entry without any would let in everything',
      'FILE:3:25 allowed_origins.1.orgin: unknown key (did you mean "origin"?)',
      'FILE:4:11 removals: must be one of any, named, none',
      'FILE:6:14 windows.0.days.0: must be one of sun, mon, tue, wed, thu, fri, sat',
      'FILE:6:29 windows.0.from: must be a time of day, HH:MM, for example "02:30"',
      'FILE:6:42 windows.0.to: must be a time of day, HH:MM, for example "02:30"',
      'FILE:7:26 windows.1.to: is when the window opens, so that it never would; a whole day is from "00:00" to "24:00"',
      'FILE:8:12 time_zone: must be a time zone such as Europe/Berlin',
      'FILE:9:1 extra: unknown key',
    ]);
  });

  it.each([
    ['no map', 'just words', /must be a map/],
    ['no YAML', 'windows: [', /not valid YAML/],
    ['an empty list of windows', 'windows: []', /leave the key out/],
    ['an empty list of origins', 'allowed_origins: []', /leave the key out/],
    ['a list that no policy has', `excluded_packages: [${'a, '.repeat(1_001)}]`, /at most 1000 entries/],
    ['text of another kind', 'excluded_packages: [12]', /must be text/],
    ['more than 1 MiB', `# ${'x'.repeat(1_048_576)}`, /larger than 1 MiB/],
  ])('that is %s is no policy', async (_what, text, words) => {
    expect((await faultsOf((await place(text)).path))?.join('\n')).toMatch(words);
  });

  it('that others can change is no policy, whatever it says', async () => {
    const writable = await place('');
    await chmod(writable.path, 0o664);
    expect(await faultsOf(writable.path)).toEqual([
      'FILE: others than its owner can change it (mode 0664); to mend it: chmod go-w FILE',
    ]);
    const linked = await place();
    await symlink(writable.path, linked.path);
    expect(await faultsOf(linked.path)).toEqual([
      'FILE: must be a file of its own, neither a link nor a folder',
    ]);
    const open = await place('');
    await chmod(open.folder, 0o777);
    expect((await faultsOf(open.path))?.[0]).toMatch(/others than its owner can change it \(mode 0777\)/);
  });

  it.runIf(process.getuid?.() === 0)('of another user is no policy', async () => {
    const { path } = await place('');
    await chown(path, 65_534, 0);
    expect(await faultsOf(path)).toEqual([
      'FILE: belongs to user 65534, who can change it; to mend it: chown root:root FILE',
    ]);
  });

  it('is asked afresh each time, and denies everything while it has a fault', async () => {
    const { path, folder: root } = await place('allowed_operations: []');
    const policy = openHostPolicy({ files, path, root });
    const asked = { operations: ['update'] as const, names: [], allowRemovals: false, overrides: [] };
    expect((await policy.read()).refuseAsked(asked)?.rule).toBe('allowed_operations');
    await writeFile(path, '');
    expect((await policy.read()).refuseAsked(asked)).toBeUndefined();
    await writeFile(path, 'windows');
    const faulty = await policy.read();
    expect([faulty.refuseAsked(asked)?.rule, faulty.refuseMoment(0)?.rule]).toEqual(['', '']);
  });

  it('opens no window by a clock that cannot be right, though nobody says so', async () => {
    const { path, folder: root } = await place('time_zone: UTC\nwindows: [{ from: "00:00", to: "24:00" }]');
    const policy = await openHostPolicy({ files, path, root }).read();
    expect(policy.refuseMoment(RELEASED_AT_MS)).toBeUndefined();
    for (const wrong of [0, RELEASED_AT_MS - 3_600_000])
      expect(policy.refuseMoment(wrong)).toMatchObject({
        rule: 'windows',
        reason: expect.stringMatching(/clock of this host is in doubt: it shows \d{4}-/),
      });
  });

  it('forbids downgrades where it is written, and not where there is none', async () => {
    const { path, folder: root } = await place();
    const policy = openHostPolicy({ files, path, root });
    const asked = {
      operations: ['update'] as const,
      names: ['toy'],
      allowRemovals: false,
      overrides: ['downgrades'] as const,
    };
    expect((await policy.read()).refuseAsked(asked)).toBeUndefined();
    await writeFile(path, '');
    expect((await policy.read()).refuseAsked(asked)?.rule).toBe('downgrades');
    await writeFile(path, 'downgrades: any');
    expect((await policy.read()).refuseAsked(asked)).toBeUndefined();
  });

  it('may be checked wherever it lies and whoever it belongs to, but must be there', async () => {
    const { path } = await place('removals: none');
    await chmod(path, 0o666);
    expect(isFaulty(await checkPolicyFile({ files, path }))).toBe(false);
    const missing = await checkPolicyFile({ files, path: `${path}.new` });
    expect(isFaulty(missing) && missing.faults[0]).toMatch(/does not exist/);
  });
});

describe('the time zone of the host', () => {
  async function zone(arrange: (etc: string) => Promise<unknown>): Promise<string | undefined> {
    const { folder: root } = await place();
    await mkdir(join(root, 'etc'));
    await arrange(join(root, 'etc'));
    return readTimeZone(files, root);
  }

  it('is what /etc/localtime points to', async () => {
    expect(await zone((etc) => symlink('/usr/share/zoneinfo/Europe/Berlin', join(etc, 'localtime')))).toBe(
      'Europe/Berlin',
    );
    expect(
      await zone((etc) => symlink('../usr/share/zoneinfo/posix/Asia/Tokyo', join(etc, 'localtime'))),
    ).toBe('Asia/Tokyo');
  });

  it('is in /etc/timezone without that file, and UTC without both', async () => {
    const named = (text: string) => (etc: string) => writeFile(join(etc, 'timezone'), text);
    expect(await zone(async () => {})).toBe('UTC');
    expect(await zone(named('America/New_York\n'))).toBe('America/New_York');
    expect(await zone(named('../../etc/passwd\n'))).toBeUndefined();
  });

  it.each<[string, (localtime: string) => Promise<unknown>]>([
    ['a copy', (localtime) => writeFile(localtime, 'TZif2')],
    ['a link to a file elsewhere', (localtime) => symlink('/etc/zones/Berlin', localtime)],
    ['a link to no zone', (localtime) => symlink('/usr/share/zoneinfo/Europe/Nowhere', localtime)],
  ])('is not known where that file is %s, whatever /etc/timezone says', async (_what, place) => {
    const both = async (etc: string) => {
      await place(join(etc, 'localtime'));
      await writeFile(join(etc, 'timezone'), 'Etc/UTC\n');
    };
    expect(await zone((etc) => place(join(etc, 'localtime')))).toBeUndefined();
    expect(await zone(both)).toBeUndefined();
  });
});
