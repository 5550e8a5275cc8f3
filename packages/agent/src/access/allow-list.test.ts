import { chmod, chown, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, vi } from 'vitest';
import { type AllowListOptions, openAllowList } from './allow-list.ts';
import { learnAddresses, readLearnedAddresses } from './learned-addresses.ts';

const FIVE_MINUTES_MS = 300_000;
const TEN_SECONDS_MS = 10_000;

async function setUp(text?: string, over: Partial<AllowListOptions> = {}) {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'whitelist.yaml');
  const learnedPath = join(folder.path, 'state/manager-addresses.json');
  if (text !== undefined) await writeFile(path, text);
  const [clock, logger] = [new ManualClock(), memoryLogger()];
  const audited: string[] = [];
  const options: AllowListOptions = {
    files: systemFiles,
    path,
    learnedPath,
    clock,
    logger,
    resolve: () => Promise.reject(new Error('no name server')),
    signal: new AbortController().signal,
    audit: { record: (event, details) => void audited.push(`${event} ${JSON.stringify(details)}`) },
    ...over,
  };
  const list = await openAllowList(options);
  return {
    list,
    path,
    learnedPath,
    clock,
    logger,
    audited,
    messages: () => logger.records.map((record) => `${record.level} ${record.message}`),
    async [Symbol.asyncDispose]() {
      await list[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('the allow list at the start', () => {
  it('allows the addresses of the file and nobody else', async () => {
    await using world = await setUp('entries: [127.0.0.1]\n');
    expect(world.list.health).toBe('ok');
    expect([world.list.allows('127.0.0.1'), world.list.allows('127.0.0.2')]).toEqual([true, false]);
  });

  it.each([
    [undefined, /does not exist/],
    ['entries: [10.0.0.1, 300.0.0.1]\n', /:1:21 entries\.1: must be/],
    ['entries: [0.0.0.0/0\n', /not valid YAML/],
    ['', /is required/],
  ])('allows nobody, loudly, when the file is %j', async (text, reason) => {
    await using world = await setUp(text);
    expect(world.list.allows('10.0.0.1')).toBe(false);
    expect(world.list.health).toMatch(/every connection is refused/);
    expect(world.list.health).toMatch(reason);
    expect(world.messages()).toContain(
      'error the allow list cannot be used: every connection is refused until it is mended',
    );
  });

  it('says so when everybody or nobody may connect', async () => {
    await using open = await setUp('entries: ["::/0"]\n');
    expect(open.messages().join()).toContain('allows every address');
    await using closed = await setUp('entries: []\n');
    expect(closed.messages().join()).toContain('is empty');
  });
});

describe('a changed allow list', () => {
  it('is taken when the file is replaced by rename, again and again', async () => {
    await using world = await setUp('entries: [10.0.0.1]\n');
    for (const address of ['10.0.0.2', '10.0.0.3']) {
      await writeFile(`${world.path}.new`, `entries: [${address}]\n`);
      await rename(`${world.path}.new`, world.path);
      await vi.waitFor(() => expect(world.list.allows(address)).toBe(true), 200_000);
    }
    expect(world.list.allows('10.0.0.1')).toBe(false);
  });

  it('mends a list that denied everybody', async () => {
    await using world = await setUp();
    await writeFile(world.path, 'entries: [10.0.0.1]\n');
    await vi.waitFor(() => expect(world.list.health).toBe('ok'), 200_000);
    expect(world.list.allows('10.0.0.1')).toBe(true);
  });

  it('that is bad or gone changes nothing and is reported until it is mended', async () => {
    await using world = await setUp('entries: [10.0.0.1]\n');
    await writeFile(world.path, 'entries: [nonsense!]\n');
    await vi.waitFor(() => expect(world.list.health).toContain(':1:11 entries.0: must be'), 200_000);
    await rm(world.path);
    await world.list.reload();
    expect(world.list.health).toMatch(/the list that was in force stays: .* does not exist/);
    expect(world.list.allows('10.0.0.1')).toBe(true);
    expect(world.messages()).toContain('error the changed allow list is not taken; the one in force stays');
    await writeFile(world.path, 'entries: [10.0.0.2]\n');
    await world.list.reload();
    expect([world.list.health, world.list.allows('10.0.0.1')]).toEqual(['ok', false]);
  });

  it('is noticed in a folder that did not exist at the start', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'later', 'whitelist.yaml');
    await using world = await setUp(undefined, { path });
    await systemFiles.makeFolder(join(folder.path, 'later'), 0o755);
    await writeFile(path, 'entries: [10.0.0.1]\n');
    await world.clock.waitForSleepers(3);
    await world.clock.advance(TEN_SECONDS_MS);
    await vi.waitFor(() => expect(world.list.health).toBe('ok'), 200_000);
  });
});

const MANAGER = 'https://manager.test:8443';

function learn(learnedPath: string, addresses: readonly string[], managerUrl = MANAGER) {
  return learnAddresses({ files: systemFiles, path: learnedPath, managerUrl, addresses });
}

describe('the learned addresses of the manager', () => {
  it('count beside the list, whatever is written into it, and without one', async () => {
    await using world = await setUp('entries: [10.0.0.1]\n');
    expect(await learn(world.learnedPath, ['10.0.0.7', 'FD00:0::7', '10.0.0.7', 'no address'])).toEqual([
      '10.0.0.7',
      'fd00::7',
    ]);
    await vi.waitFor(() => expect(world.list.allows('10.0.0.7')).toBe(true), 200_000);
    expect((await stat(world.learnedPath)).mode & 0o777).toBe(0o600);
    await writeFile(world.path, 'entries: []\n');
    await world.list.reload();
    expect([world.list.allows('10.0.0.1'), world.list.allows('fd00::7')]).toEqual([false, true]);
    await rm(world.path);
    await world.list.reload();
    expect([world.list.health, world.list.allows('10.0.0.7')]).toEqual(['ok', true]);
  });

  it('let nobody in where the list has faults at the start', async () => {
    await using folder = await temporaryFolder();
    const learnedPath = join(folder.path, 'state/manager-addresses.json');
    await learn(learnedPath, ['10.0.0.7']);
    await using world = await setUp('entries: [oops!]\n', { learnedPath });
    expect(world.list.allows('10.0.0.7')).toBe(false);
    expect(world.list.health).toContain('every connection is refused');
  });

  it('are those of one manager: another one that the host joins takes its place', async () => {
    await using world = await setUp('entries: []\n');
    await learn(world.learnedPath, ['10.0.0.7']);
    expect(await learn(world.learnedPath, ['10.0.0.8', '10.0.0.7'])).toEqual(['10.0.0.8']);
    await learn(world.learnedPath, ['10.0.0.9'], 'https://other.test:8443');
    await world.list.reload();
    expect(['10.0.0.7', '10.0.0.8', '10.0.0.9'].map((one) => world.list.allows(one))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('that cannot be read keep those in force, loudly, and are learned anew', async () => {
    await using world = await setUp('entries: []\n');
    await learn(world.learnedPath, ['10.0.0.7']);
    await world.list.reload();
    await writeFile(world.learnedPath, '{"v": 1, "addresses": ["10.0');
    await world.list.reload();
    expect(world.list.allows('10.0.0.7')).toBe(true);
    expect(world.messages()).toContain(
      'error the learned addresses of the manager cannot be read; those in force stay',
    );
    expect(await learn(world.learnedPath, ['10.0.0.8'])).toEqual(['10.0.0.8']);
  });

  it('are 64 at most, the newest first', async () => {
    await using world = await setUp('entries: []\n');
    for (let index = 0; index < 70; index += 1) await learn(world.learnedPath, [`10.0.0.${index}`]);
    const kept = await readLearnedAddresses(systemFiles, world.learnedPath);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([64, '10.0.0.69', '10.0.0.6']);
  });
});

describe('what is told of an allow list', () => {
  it('is every change to those who subscribe, and every fault once to audit and health', async () => {
    await using world = await setUp('entries: [10.0.0.1]\n');
    const seen: boolean[] = [];
    using _subscription = world.list.subscribe(() => void seen.push(world.list.allows('10.0.0.1')));
    expect(world.list.health).toBe('ok');
    await writeFile(world.path, 'entries: [10.0.0.2]\n');
    await world.list.reload();
    expect(seen.at(-1)).toBe(false);
    await writeFile(world.path, 'entries: [nonsense!]\n');
    await world.list.reload();
    await world.list.reload();
    expect(world.list.health).toMatch(/has faults and the list that was in force stays: .*entries\.0/);
    expect(world.audited).toEqual([
      'allow_list_changed {"entries":1}',
      expect.stringMatching(/^allow_list_refused .*entries\.0/),
    ]);
  });

  it.each([
    [
      'belongs to another user',
      (path: string) => chown(path, 65_534, 0),
      /belongs to user 65534.*chown root:root/,
    ],
    ['can be written by others', (path: string) => chmod(path, 0o666), /mode 0666.*chmod go-w/],
  ])('is that the file %s; it counts all the same', async (_what, open, words) => {
    await using world = await setUp('entries: [10.0.0.1]\n');
    await open(world.path);
    await world.list.reload();
    expect(world.list.health).toMatch(words);
    expect(world.messages().filter((message) => words.test(message))).toHaveLength(1);
    expect(world.list.allows('10.0.0.1')).toBe(true);
  });
});

describe('host names of the allow list', () => {
  it('are resolved at the start and every five minutes; a failure keeps the last known addresses', async () => {
    let answer: () => Promise<string[]> = () => Promise.resolve(['10.0.0.1', 'fd00::1']);
    await using world = await setUp('entries: [manager.test, 10.0.0.9]\n', { resolve: () => answer() });
    expect([world.list.allows('10.0.0.1'), world.list.allows('fd00::1')]).toEqual([true, true]);

    answer = () => Promise.reject(new Error('SERVFAIL'));
    await world.clock.advance(FIVE_MINUTES_MS);
    await vi.waitFor(() => expect(world.messages().join()).toContain('cannot be resolved'), 200_000);
    expect(world.list.allows('10.0.0.1')).toBe(true);

    answer = () => Promise.resolve(['10.0.0.2']);
    await world.clock.waitForSleepers();
    await world.clock.advance(FIVE_MINUTES_MS);
    await vi.waitFor(() => expect(world.list.allows('10.0.0.2')).toBe(true), 200_000);
    expect([world.list.allows('10.0.0.1'), world.list.allows('10.0.0.9')]).toEqual([false, true]);
  });

  it('that no name server answers for delay the start by five seconds and no more', async () => {
    const clock = new ManualClock();
    const opening = setUp('entries: [manager.test, 10.0.0.9]\n', {
      clock,
      resolve: () => new Promise(() => {}),
    });
    // Whoever follows the two files sleeps, and who waits for the name server.
    await clock.waitForSleepers(3);
    await clock.advance(20_000);
    await using world = await opening;
    expect(world.list.allows('10.0.0.9')).toBe(true);
  });

  it('do not keep a list from closing', async () => {
    const asked = Promise.withResolvers<void>();
    let hang = false;
    const world = await setUp('entries: [manager.test]\n', {
      resolve: () => {
        if (!hang) return Promise.resolve(['10.0.0.1']);
        asked.resolve();
        return new Promise(() => {});
      },
    });
    hang = true;
    await world.clock.advance(FIVE_MINUTES_MS);
    await asked.promise;
    await world[Symbol.asyncDispose]();
    expect(world.clock.sleeping).toBe(0);
  });
});
