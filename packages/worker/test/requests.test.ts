import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VERSION } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askOverPipes, askOverSocket, OWN_PROGRAMS, type Say } from './worker-process.ts';

const REQUEST = { v: 1, op: 'snapshot', explain: false };
const line =
  (value: unknown): Say =>
  (to) =>
    void to.end(`${JSON.stringify(value)}\n`);

/** A plan whose line says that so many bytes follow it. */
const framedText = (bytes: number, body: string): string =>
  `{"v":1,"op":"plan","bytes":${bytes},"limitMs":60000}\n${body}`;
const framed =
  (bytes: number, body: string): Say =>
  (to) =>
    void to.end(framedText(bytes, body));
const plan = (question: object): Say => {
  const body = JSON.stringify(question);
  return framed(Buffer.byteLength(body), body);
};

/** A private root in which nothing is. */
async function emptyRoot(): Promise<string[]> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return ['request', '--root', folder.path];
}

const refused = (message: unknown, code = 'INVALID_REQUEST') => ({
  v: 1,
  ok: false,
  error: { code, message, details: {} },
});

const FAULTS: readonly (readonly [what: string, say: Say, message: unknown])[] = [
  ['half a line', (to) => void to.end('{"v":1,"op":"snap'), 'The request ended before its line did.'],
  ['nothing', (to) => void to.end(), 'The request ended before its line did.'],
  [
    'a line of a megabyte',
    (to) => void to.end(`{"v":1,"op":"${'x'.repeat(1_000_000)}"}\n`),
    'The request has more than 65536 bytes without an end of line.',
  ],
  ['silence', (to) => void to.write('{"v":1,'), 'The request was not there after 2 s.'],
  [
    'two lines',
    (to) => void to.end('{}\n{}\n'),
    'The request is more than one line, which does not say that bytes follow it.',
  ],
  ['no JSON', (to) => void to.end('snapshot\n'), expect.stringMatching(/^The request is no JSON: /)],
  [
    'deep nesting',
    (to) => void to.end(`${'['.repeat(30_000)}\n`),
    'The request is no JSON: it is nested more than 16 deep.',
  ],
  [
    'another version',
    line({ ...REQUEST, v: 2 }),
    expect.stringMatching(/^The worker does not know this request: v: /),
  ],
  [
    'an unknown operation',
    line({ v: 1, op: 'shell' }),
    expect.stringMatching(/^The worker does not know this request: op: /),
  ],
  [
    'a member too many',
    line({ ...REQUEST, root: '/etc' }),
    expect.stringMatching(/^The worker does not know this request: the request: .*root/),
  ],
  ['half a body', framed(10, '{"a"'), 'The request says that 10 bytes follow it, and ended after 4.'],
  [
    'no body where one is said',
    framed(10, ''),
    'The request says that 10 bytes follow it, and ended after 0.',
  ],
  [
    'a body that does not come',
    (to) => void to.write('{"v":1,"op":"plan","bytes":10,"limitMs":1}\n{"a"'),
    'The request says that 10 bytes follow it; 4 were there after 2 s.',
  ],
  ['more than the body', framed(2, '{}{}'), 'More follows the request than the 2 bytes that it says.'],
  [
    'a body of ten megabytes',
    framed(10_000_000, '{'),
    'The request says that 10000000 bytes follow it; 1114112 may.',
  ],
  [
    'a plan without a body',
    line({ v: 1, op: 'plan', limitMs: 1 }),
    'The worker does not know this request: bytes: it comes with a body, and how long that is has to be said.',
  ],
  [
    'a body for what has none',
    (to) => void to.end('{"v":1,"op":"state","bytes":2}\n{}'),
    expect.stringMatching(/^The worker does not know this request: the request: .*bytes/),
  ],
  ['a body that is no JSON', framed(4, 'plan'), expect.stringMatching(/^The body is no JSON: /)],
  [
    'a plan for something else',
    plan({ change: 'shell' }),
    expect.stringMatching(/^The worker does not know this request: change: /),
  ],
  [
    'an option for a name in a body',
    plan({ change: 'remove', name: '-oDpkg::Pre-Invoke::=id', purge: false, force: false }),
    expect.stringMatching(/^The worker does not know this request: name: a package name starts with /),
  ],
  [
    'an option for a name',
    line({ v: 1, op: 'detail', name: '-oDpkg::Pre-Invoke::=id' }),
    expect.stringMatching(/^The worker does not know this request: name: a package name starts with /),
  ],
];

describe('the request process', () => {
  it.each(FAULTS)('answers %s with a clear word, and ends', async (_what, say, message) => {
    const { answer, code } = await askOverPipes(await emptyRoot(), say);
    expect(answer).toMatch(/^[^\n]+\n$/);
    expect([JSON.parse(answer), code]).toEqual([refused(message), 0]);
  });

  it('says what is wrong with the packages, also that there is no package manager', async () => {
    const { answer } = await askOverPipes(await emptyRoot(), line({ v: 1, op: 'faults' }));
    expect(JSON.parse(answer)).toEqual({
      v: 1,
      ok: true,
      value: { packages: 'missing', reason: expect.stringMatching(/^--root .* is given, but /) },
    });
  });

  it('answers over the connection that a service manager hands over', async () => {
    const root = await emptyRoot();
    const half = await askOverSocket(root, (to) => void to.end('{'));
    expect(JSON.parse(half.answer)).toEqual(refused('The request ended before its line did.'));
    // The other side keeps its end open: an answer does not wait for that.
    const open = await askOverSocket(root, (to) => void to.write('{"v":1}\n'));
    expect([JSON.parse(open.answer).error.code, open.code]).toEqual(['INVALID_REQUEST', 0]);
  });

  it('gives up when whoever asked over a connection has closed it, whatever it waits for', async () => {
    const root = await emptyRoot();
    const own = join(root[2] ?? '', 'var/lib/linux_patch_worker');
    await mkdir(own, { recursive: true });
    const lock = spawn('flock', [join(own, 'instance.json.lock'), 'sh', '-c', 'echo held; exec cat']);
    onTestFinished(() => void lock.stdin.end());
    await once(lock.stdout, 'data');
    const { answer, code } = await askOverSocket(root, line({ v: 1, op: 'instance' }));
    expect([answer, code]).toEqual(['', 143]);
  });

  it('goes by the package manager that root has chosen, and by none while that cannot be read', async () => {
    const [, , root = ''] = await emptyRoot();
    const file = join(root, 'etc/linux_patch_api/config.yaml');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, 'package_manager: { backend: [ }\n');
    const { answer } = await askOverPipes(['request', '--root', root], line(REQUEST));
    expect(JSON.parse(answer)).toEqual(
      refused(
        expect.stringMatching(/^Which package manager counts on this host is not known .*config\.yaml:1/),
        'SERVICE_UNHEALTHY',
      ),
    );
  });

  it('answers two at once, each with its own', async () => {
    const root = await emptyRoot();
    const answers = await Promise.all([
      askOverPipes(root, line(REQUEST)),
      askOverPipes(root, line({ v: 1, op: 'nothing' })),
    ]);
    expect(answers.map(({ answer }) => JSON.parse(answer).error.code)).toEqual([
      'SERVICE_UNHEALTHY',
      'INVALID_REQUEST',
    ]);
  });

  it('takes a plan of as many packages as a manager may name, which is more than a line', async () => {
    const packages = Array.from({ length: 1_000 }, (_, index) => ({
      name: `a${'b'.repeat(200)}${index}`,
      version: `1.${'0'.repeat(100)}`,
    }));
    const wish = { onlyUpgrade: false, force: false, noRecommends: false, allowDowngrade: false };
    const root = await emptyRoot();
    const body = JSON.stringify({ change: 'install', packages, ...wish });
    const { answer } = await askOverSocket(root, (to) => void to.write(framedText(body.length, body)));
    expect(JSON.parse(answer).error).toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('is given, but '),
    });
  });

  it('passes on why the package manager cannot be driven', async () => {
    const [, , root = ''] = await emptyRoot();
    const { answer, stderr } = await askOverPipes(['request', '--root', root], line(REQUEST));
    expect(JSON.parse(answer)).toEqual(
      refused(expect.stringContaining(`--root ${root} is given, but `), 'SERVICE_UNHEALTHY'),
    );
    expect(stderr).toContain('a request was not answered as it was asked');
  });

  it.each<[string, string, string, RegExp]>([
    [
      'refreshes nothing without a network',
      '--without-network',
      'refresh',
      /has no network.*linux-patch-refresh\.socket/,
    ],
    [
      'reads nothing where it may only refresh',
      '--only-refresh',
      'state',
      /refreshes the package lists, and .* else/,
    ],
    ['begins nothing where it may only refresh', '--only-refresh', 'instance', /refreshes the package lists/],
  ])('%s', async (_what, part, op, says) => {
    const { answer } = await askOverSocket([...(await emptyRoot()), part], line({ v: 1, op }));
    expect(JSON.parse(answer)).toEqual(refused(expect.stringMatching(says), 'FORBIDDEN'));
  });

  it.each([
    ['--without-network', 'state'],
    ['--only-refresh', 'refresh'],
  ])('does its own part with %s', async (part, op) => {
    const { answer } = await askOverSocket(
      [...(await emptyRoot()), part],
      (to) => void to.write(`{"v":1,"op":"${op}"}\n`),
    );
    expect(JSON.parse(answer).error.code).toBe('SERVICE_UNHEALTHY');
  });

  it('ends when nobody takes its answer', async () => {
    const { code } = await askOverPipes(await emptyRoot(), (to) => void to.destroy());
    expect(code).toBe(0);
  });

  it('says how it is used when it is started by hand', () => {
    const [program] = OWN_PROGRAMS['linux-patch-worker'];
    const by = (...args: string[]) => spawnSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const bare = by();
    expect([bare.status, String(bare.stderr)]).toEqual([
      1,
      expect.stringContaining('usage: linux-patch-worker request'),
    ]);
    expect(String(by('--version').stdout)).toBe(`${VERSION}\n`);
    expect(String(by('--help').stdout)).toContain('usage: linux-patch-worker request');
    expect(String(by('request', '--backend', 'brew').stderr)).toContain(
      '--backend brew is none of auto, apt',
    );
    const both = by('request', '--only-refresh', '--without-network');
    expect(String(both.stderr)).toContain('one of them for each');
    expect(String(by('request').stderr)).toContain('descriptor 0 is neither a pipe nor a socket');
  });
});
