import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const NOBODY = 65_534;
const DOOR = new URL('./index.ts', import.meta.url).href;

/** What a process of its own says that root starts: rights are those of a whole process. */
function saidBy(body: string): unknown {
  const script = [
    `import { nodeCommands, systemFiles as files } from '${DOOR}';`,
    `const nobody = { uid: ${NOBODY}, gid: ${NOBODY} };`,
    'const root = { uid: 0, gid: 0 };',
    'const who = () => [process.geteuid(), process.getegid()].join();',
    'const said = [];',
    body,
    'console.log(JSON.stringify(said));',
  ].join('\n');
  const args = ['--input-type=module', '-e', script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

describe.runIf(process.getuid?.() === 0)("root's work with the rights of another", () => {
  it('ends where it began, with a piece of root in it, and also when it fails', () => {
    const body = `
      await files.actAs(nobody, async () => {
        said.push(who());
        await files.actAs(root, async () => said.push(who()));
        said.push(who());
        said.push(await files.readText('/etc/shadow').then(() => 'read', (error) => error.code));
      });
      said.push(who());
      await files.actAs(nobody, async () => { throw new Error('cut'); }).catch(() => {});
      said.push(who());`;
    const other = `${NOBODY},${NOBODY}`;
    expect(saidBy(body)).toEqual([other, '0,0', other, 'EACCES', '0,0', '0,0']);
  });

  it('starts programs as root, which nothing of the other user holds back', () => {
    const body = `
      const run = (program, args) => nodeCommands().run({ program, args, timeoutMs: 10_000 });
      await files.actAs(nobody, async () => {
        said.push((await run('id', ['-u'])).stdout, (await run('id', ['-ru'])).stdout, (await run('id', ['-g'])).stdout);
        said.push((await run('cat', ['/etc/shadow'])).exitCode);
      });`;
    expect(saidBy(body)).toEqual(['0\n', '0\n', '0\n', 0]);
  });
});
