import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { LineFollower } from './line-follower.ts';

it('keeps no more of a line that never ends than it is told to', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'stdout');
  const lines: string[] = [];
  const onLine = (line: string) => void lines.push(line);
  const follower = new LineFollower({ files: systemFiles, path, onLine, longestLine: 1_000 });
  const long = 'x'.repeat(600_000);
  await writeFile(path, `${long}y\nnext\n${long}`);
  await follower.read();
  follower.end();
  expect(lines.map((line) => line.length)).toEqual([1_000, 4, 1_000]);
  expect(lines[1]).toBe('next');
  expect(follower.text().length).toBe(2 * long.length + 'y\nnext\n'.length);
});
