import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { VERSION } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askOverPipes, askOverSocket, type Say } from './worker-process.ts';

const REQUEST = { v: 1, op: 'snapshot', explain: false };
const line =
  (value: unknown): Say =>
  (to) =>
    void to.end(`${JSON.stringify(value)}\n`);

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
  ['two lines', (to) => void to.end('{}\n{}\n'), 'The request is more than one line.'],
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

  it('says that it is there, whatever is wrong with the packages', async () => {
    const { answer } = await askOverPipes(await emptyRoot(), line({ v: 1, op: 'hello' }));
    expect(JSON.parse(answer)).toEqual({ v: 1, ok: true, value: { version: VERSION } });
  });

  it('answers over the connection that a service manager hands over', async () => {
    const root = await emptyRoot();
    const half = await askOverSocket(root, (to) => void to.end('{'));
    expect(JSON.parse(half.answer)).toEqual(refused('The request ended before its line did.'));
    // The other side keeps its end open: an answer does not wait for that.
    const open = await askOverSocket(root, (to) => void to.write('{"v":1}\n'));
    expect([JSON.parse(open.answer).error.code, open.code]).toEqual(['INVALID_REQUEST', 0]);
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

  it('passes on why the package manager cannot be driven', async () => {
    const [, , root = ''] = await emptyRoot();
    const { answer, stderr } = await askOverPipes(['request', '--root', root], line(REQUEST));
    expect(JSON.parse(answer)).toEqual(
      refused(expect.stringContaining(`--root ${root} is given, but `), 'SERVICE_UNHEALTHY'),
    );
    expect(stderr).toContain('a request was not answered as it was asked');
  });

  it('ends when nobody takes its answer', async () => {
    const { code } = await askOverPipes(await emptyRoot(), (to) => void to.destroy());
    expect(code).toBe(0);
  });

  it('says how it is used when it is started by hand', () => {
    const main = resolve(import.meta.dirname, '../src/main.ts');
    const by = (...args: string[]) =>
      spawnSync(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
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
    expect(String(by('request').stderr)).toContain('descriptor 0 is neither a pipe nor a socket');
  });
});
