import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeCommands, systemClock, systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from './config.ts';
import { readSources } from './pending.ts';

it('a repository says when this host got its database, and nobody says when its owner made it', async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const root = folder.path;
  const config = parseConfig('[options]\n[core]\nServer = https://me:word@one.test/core\n[extra]\n', root);
  const startMs = Date.now() - 1_000;
  const sync = join(root, 'var/lib/pacman/sync');
  await mkdir(sync, { recursive: true });
  await writeFile(join(sync, 'core.db'), '');
  // pacman gives it the time that the server says.
  const served = new Date(Date.UTC(2026, 9, 5));
  await utimes(join(sync, 'core.db'), served, served);
  const doors = { files: systemFiles, root, commands: nodeCommands({}), clock: systemClock };
  const [core, extra] = await readSources(doors, config);
  expect(core).toMatchObject({
    id: 'core',
    uri: 'https://one.test/core',
    present: true,
    publishedAtMs: undefined,
    servedAtMs: served.getTime(),
  });
  expect(core?.fetchedAtMs).toBeGreaterThan(startMs);
  expect(extra).toMatchObject({ id: 'extra', present: false, servedAtMs: undefined, fetchedAtMs: undefined });
});
