import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Ways to reach standard output, standard error or the terminal without the door of the runtime. */
const WAYS_OUT =
  /process\s*(\?\.|\.|\[['"])\s*std(out|err)|\bconsole\b\s*[.[]|\}\s*=\s*process\b(?![.\w])|node:(tty|console)['"]|\b_rawDebug\b/;

it('only the terminal door of the runtime writes to standard output and standard error', () => {
  const programs = ['contract', 'runtime', 'pki', 'http', 'worker', 'agent', 'manager'].map(
    (name) => `packages/${name}/src`,
  );
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', ...programs], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
    .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|\/testing\//.test(file));
  expect(files.length).toBeGreaterThan(300);
  const writers = files.filter((file) => WAYS_OUT.test(readFileSync(file, 'utf8')));
  expect(writers).toEqual(['packages/runtime/src/node/terminal.ts']);
});
