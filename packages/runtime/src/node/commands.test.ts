import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeCommands } from './commands.ts';

/** A zombie that its new parent has not collected yet is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const commands = nodeCommands({ LAB_FLAVOUR: 'vanilla' });

describe('the door to other programs', () => {
  it('reports a non-zero exit as an outcome, with both outputs', async () => {
    const result = await commands.run({
      program: 'sh',
      args: ['-c', 'echo out; echo err >&2; exit 7'],
      timeoutMs: 5_000,
    });
    expect(result).toMatchObject({
      exitCode: 7,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      timedOut: false,
    });
  });

  it('throws COMMAND_NOT_FOUND when a program cannot be started', async () => {
    await expect(
      commands.run({ program: 'no-such-program-here', args: [], timeoutMs: 5_000 }),
    ).rejects.toMatchObject({
      code: 'COMMAND_NOT_FOUND',
    });
  });

  it('passes arguments as they are, without a shell', async () => {
    const result = await commands.run({
      program: 'printf',
      args: ['%s', '$(id); `id` && x'],
      timeoutMs: 5_000,
    });
    expect(result.stdout).toBe('$(id); `id` && x');
  });

  it('gives a minimal environment with a fixed locale', async () => {
    const result = await commands.run({ program: 'env', args: [], timeoutMs: 5_000, env: { EXTRA: '1' } });
    expect(result.stdout.trim().split('\n').sort()).toEqual([
      'EXTRA=1',
      'HOME=/root',
      'LAB_FLAVOUR=vanilla',
      'LC_ALL=C.UTF-8',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
  });

  it('ends a program and its children when the time is up', async () => {
    const run = (timeoutMs: number) =>
      commands.run({ program: 'sh', args: ['-c', 'sleep 600 & echo $!; wait'], timeoutMs });
    let result = await run(200);
    for (let timeoutMs = 400; result.stdout === ''; timeoutMs *= 2) result = await run(timeoutMs);
    expect(result).toMatchObject({ timedOut: true, exitCode: null, signal: 'SIGTERM' });
    // Its end closes what it has open before it is no process any more.
    await expect.poll(() => isAlive(Number(result.stdout))).toBe(false);
  });

  it('ends a program when the signal aborts, also when it had aborted before the start', async () => {
    const abort = new AbortController();
    abort.abort();
    const result = await commands.run({
      program: 'sleep',
      args: ['600'],
      timeoutMs: 60_000,
      signal: abort.signal,
    });
    expect(result).toMatchObject({ aborted: true, signal: 'SIGTERM' });
  });

  it('hands over complete lines of every stream, the status pipe included', async () => {
    const lines: string[] = [];
    await commands.run({
      program: 'sh',
      args: ['-c', 'printf "one\\ntwo"; echo warn >&2; echo status >&3'],
      timeoutMs: 5_000,
      statusPipe: true,
      onLine: (line, source) => lines.push(`${source}:${line}`),
    });
    expect(lines.sort()).toEqual(['fd3:status', 'stderr:warn', 'stdout:one', 'stdout:two']);
  });

  it('keeps only the newest output of a program that says too much', async () => {
    const result = await commands.run({
      program: 'seq',
      args: ['1', '200000'],
      timeoutMs: 20_000,
      maxOutputBytes: 1_000,
    });
    expect(result.stdout.length).toBeLessThanOrEqual(1_000);
    expect(result.stdout.endsWith('200000\n')).toBe(true);
  });

  it('says so, and lets the program live, when no file descriptor is left for a child', async () => {
    const script = [
      "import { openSync } from 'node:fs';",
      `import { nodeCommands } from ${JSON.stringify(join(import.meta.dirname, 'commands.ts'))};`,
      "try { for (;;) openSync('/dev/null', 'r'); } catch {}",
      "const run = nodeCommands().run({ program: 'true', args: [], timeoutMs: 5_000, statusPipe: true });",
      'await run.catch((error) => console.log(error.code, error.message));',
      "console.log('alive');",
    ].join('\n');
    const limited = await commands.run({
      program: 'prlimit',
      args: ['--nofile=64', process.execPath, '--input-type=module', '--eval', script],
      timeoutMs: 60_000,
    });
    expect(limited.stdout).toBe('COMMAND_NOT_FOUND true could not be started (EMFILE)\nalive\n');
  });

  it('ends the program and hands on what a reader of its lines throws', async () => {
    const run = commands.run({
      program: 'sh',
      args: ['-c', 'echo one; sleep 60'],
      timeoutMs: 30_000,
      onLine: (line) => {
        throw new Error(`cannot read ${line}`);
      },
    });
    await expect(run).rejects.toThrow('cannot read one');
  });
});
