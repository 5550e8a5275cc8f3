import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { systemFiles } from './node/index.ts';
import { readState, writeState } from './state-file.ts';
import { temporaryFolder } from './testing/index.ts';

const Form = z.strictObject({ v: z.literal(1), words: z.string() });

async function place(): Promise<string> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return join(folder.path, 'state/known.json');
}

describe('what is kept for the next start', () => {
  it('is read as it was written, in a file for nobody else', async () => {
    const path = await place();
    expect(await readState(systemFiles, path, Form)).toBeUndefined();
    await writeState(systemFiles, path, { v: 1, words: 'ok' });
    expect(await readState(systemFiles, path, Form)).toEqual({ v: 1, words: 'ok' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['is torn', '{"v":1,'],
    ['has another form', '{"v":2,"words":"ok"}'],
    ['is larger than any state', JSON.stringify({ v: 1, words: 'x'.repeat(64 * 1024) })],
  ])('is not believed when it %s', async (_what, text) => {
    const path = await place();
    await writeState(systemFiles, path, {});
    await writeFile(path, text);
    await expect(readState(systemFiles, path, Form)).rejects.toThrow();
  });
});
