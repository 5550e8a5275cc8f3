import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeCommands } from './commands.ts';

const GUARD = `import { openTerminal } from ${JSON.stringify(join(import.meta.dirname, 'terminal.ts'))}; openTerminal();`;

/** Runs a program in a shell line; `$0` is Node with the program's text. */
async function run(line: string, program: string) {
  const script = `${GUARD}\n${program}`;
  const node = [process.execPath, '--input-type=module', '--eval', script];
  return nodeCommands().run({ program: 'sh', args: ['-c', line, ...node], timeoutMs: 60_000 });
}

describe('the output of a program', () => {
  it('may have no room for the log: the program goes on', async () => {
    const program =
      "for (let n = 0; n < 3; n += 1) process.stderr.write('line\\n'); setTimeout(() => console.log('alive'), 50);";
    const { stdout, exitCode } = await run('"$0" "$@" 2>/dev/full', program);
    expect([stdout, exitCode]).toEqual(['alive\n', 0]);
  });

  it('may have no reader of the log any more: the program goes on', async () => {
    const program =
      "const write = () => process.stderr.write('line\\n'); setInterval(write, 1); setTimeout(() => { console.log('alive'); process.exit(); }, 200);";
    const { stdout } = await run('{ "$0" "$@" 2>&1 >&3 3>&- | true; } 3>&1', program);
    expect(stdout).toBe('alive\n');
  });

  it('that is lost makes a command end with 1 and say why', async () => {
    const { stderr, exitCode } = await run(
      '"$0" "$@" >/dev/full',
      "process.stdout.write('report\\n'); setTimeout(() => {}, 60_000);",
    );
    expect([stderr, exitCode]).toEqual(['The output could not be written (ENOSPC).\n', 1]);
  });

  it('that nobody reads to its end is no failure', async () => {
    const program = "setInterval(() => process.stdout.write('line\\n'), 1);";
    const { stdout, stderr } = await run('"$0" "$@" | head -n 2', program);
    expect([stdout, stderr]).toEqual(['line\nline\n', '']);
  });
});
