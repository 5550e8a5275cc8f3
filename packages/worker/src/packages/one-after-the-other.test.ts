import { spawn, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { oneAfterTheOther } from './one-after-the-other.ts';

const sh = (script: string, ...args: string[]) => ({
  what: 'sh',
  program: '/bin/sh',
  args: ['-c', script, 'sh', ...args],
  env: {},
});

function start(first: ReturnType<typeof sh>, second: ReturnType<typeof sh>) {
  const { program, args } = oneAfterTheOther(first, second);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const seen = Promise.withResolvers<void>();
  child.stdout.on('data', (chunk) => {
    text += chunk;
    seen.resolve();
  });
  const ended = new Promise<readonly [code: number | null, text: string]>((resolve) =>
    child.on('close', (code) => resolve([code, text])),
  );
  return { child, seen: seen.promise, ended };
}

describe('one command after the other', () => {
  it('hands each its own arguments as they are, and ends as the last', async () => {
    const say = 'for one in "$@"; do echo "<$one>"; done; exit 0';
    const { ended } = start(sh(say, 'a b', '*', '$HOME'), sh(say.replace('exit 0', 'exit 3'), 'c  d', ''));
    expect(await ended).toEqual([3, '<a b>\n<*>\n<$HOME>\n<c  d>\n<>\n']);
  });

  it('does not begin the second when the first has failed', async () => {
    expect(await start(sh('echo one; exit 7'), sh('echo two')).ended).toEqual([7, 'one\n']);
  });

  it('knows how the first ended, however soon, and though the shell has collected it by then', async () => {
    const { program, args } = oneAfterTheOther(sh('exit 7'), sh('echo two'));
    // A shell collects what has ended when it starts something else.
    const slow = args.map((one) => one.replaceAll('child=$!', 'child=$!; sleep 0.05'));
    expect(slow).not.toEqual(args);
    const { status, stdout } = spawnSync(program, slow, { encoding: 'utf8' });
    expect([status, stdout]).toEqual([7, '']);
  });

  it('passes SIGTERM on to the one that runs, lets it end, and begins nothing else', async () => {
    const first = sh('trap "echo told; exit 0" TERM; echo one; while :; do sleep 0.05; done');
    const { child, seen, ended } = start(first, sh('echo two'));
    await seen;
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, 'one\ntold\n']);
  });
});
