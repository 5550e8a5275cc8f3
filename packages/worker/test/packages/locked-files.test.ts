import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { findLockedFileHolders } from '../../src/packages/open-lock.ts';
import { takeLock } from './taken-lock.ts';

it('who holds a lock is found by its own descriptors, and who only has the file open is not', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'lock-frontend');
  const holders = () => findLockedFileHolders({ files: systemFiles }, [join(folder.path, 'gone'), path]);
  const taken = await takeLock(path);
  const ours = await open(path);
  expect(await holders()).toContain(taken.pid);
  expect(await holders()).not.toContain(process.pid);
  await taken.letGo();
  expect(await holders()).toEqual([]);
  await ours.close();
});
