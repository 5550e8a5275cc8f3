import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { nodeCommands } from './commands.ts';
import { openReportOutput } from './report-output.ts';

function opened(path: string, flags: number): number {
  const descriptor = openSync(path, flags);
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

it('a full disk ends nothing, and it is known that something was not written', () => {
  const output = openReportOutput(opened('/dev/full', constants.O_WRONLY));
  output.say('a line');
  expect(output.settle()).toBe(false);
});

it('what there was no room for is written when there is, whole and in order', async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const path = join(folder.path, 'pipe');
  await nodeCommands().run({ program: 'mkfifo', args: [path], timeoutMs: 60_000 });
  const pipe = opened(path, constants.O_RDWR | constants.O_NONBLOCK);
  const output = openReportOutput(pipe);
  const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index} ${'x'.repeat(100)}`);
  for (const line of lines) output.say(line);
  expect(output.settle()).toBe(false);
  const part = Buffer.alloc(65_536);
  let read = '';
  while (!output.settle()) read += part.toString('utf8', 0, readSync(pipe, part));
  while (read.length < lines.join('\n').length) read += part.toString('utf8', 0, readSync(pipe, part));
  expect(read.trim().split('\n')).toEqual(lines);
});
