import { chmod, chown, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HostJobKey } from '@linux-patch/contract';
import { systemFiles as files } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  forgetPinnedKey,
  NOTHING_PINNED,
  type PinPlace,
  readMarkedPin,
  readPin,
  readPinnedKey,
  writePinnedKey,
} from './pinned-key.ts';

const NOTHING: HostJobKey = { pinned: null, by: null, foreign: null };
const PIN: HostJobKey = { pinned: `SHA256:${'A'.repeat(43)}`, by: 'join', foreign: null };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let place: PinPlace;

beforeEach(async () => {
  folder = await temporaryFolder();
  place = { file: join(folder.path, 'etc', 'job-key.json'), mark: join(folder.path, 'state', 'mark') };
});
afterEach(() => folder[Symbol.asyncDispose]());

const read = () => readPinnedKey(files, place);
const refusal = (what: RegExp) => ({
  code: 'SERVICE_UNHEALTHY',
  message: expect.stringMatching(what) as string,
});

describe('the file of the pinned key', () => {
  it('that never was pins nothing', async () => {
    expect(await read()).toEqual(NOTHING);
  });

  it.each<[string, () => Promise<void>]>([
    ['the file', () => rm(place.file)],
    ['its folder', () => rm(dirname(place.file), { recursive: true })],
  ])('is missed when %s vanishes, until root says which key counts', async (_what, vanish) => {
    await writePinnedKey(files, place, PIN);
    await vanish();
    await expect(read()).rejects.toMatchObject(refusal(/is gone.*trust-job-key/));
    await writePinnedKey(files, place, { ...PIN, by: 'root' });
    expect(await read()).toEqual({ ...PIN, by: 'root' });
  });

  it('is missed also when a power cut came right after it was written for the first time', async () => {
    await writePinnedKey(files, place, PIN);
    await rm(place.mark, { recursive: true });
    expect(await readMarkedPin(files, place)).toMatchObject(PIN);
    await rm(place.file);
    await expect(read()).rejects.toMatchObject(refusal(/is gone/));
  });

  it('remembers the keys that counted before, the last sixteen of them, and never one that counts again', async () => {
    const key = (number: number) => `SHA256:${String(number).padStart(43, 'A')}`;
    for (let number = 1; number <= 20; number += 1)
      await writePinnedKey(files, place, { ...PIN, pinned: key(number) });
    const { replaced } = await readPin(files, place);
    expect(replaced).toEqual(Array.from({ length: 16 }, (_none, index) => key(index + 4)));
    await writePinnedKey(files, place, { ...PIN, pinned: key(7) });
    const again = await readPin(files, place);
    expect([again.pinned, again.replaced.length, again.replaced.includes(key(7))]).toEqual([
      key(7),
      16,
      false,
    ]);
    expect(again.replaced.at(-1)).toBe(key(20));
    await writePinnedKey(files, place, { ...NOTHING, by: 'root' });
    expect((await readPin(files, place)).replaced.at(-1)).toBe(key(7));
    await forgetPinnedKey(files, place);
    expect(await readPin(files, place)).toEqual(NOTHING_PINNED);
  });

  it('of an earlier version is read, and a key that is talked of there as foreign after it was replaced is not shown', async () => {
    const [pinned, foreign] = [`SHA256:${'B'.repeat(43)}`, `SHA256:${'C'.repeat(43)}`];
    await mkdir(dirname(place.file), { recursive: true });
    const write = (more: object) =>
      writeFile(place.file, JSON.stringify({ format: 1, pinned, by: 'join', foreign, ...more }), {
        mode: 0o644,
      });
    await write({});
    expect(await readPin(files, place)).toEqual({
      pinned,
      by: 'join',
      foreign,
      replaced: [],
      refused: null,
      next: null,
    });
    await write({ replaced: [foreign] });
    expect(await read()).toEqual({ pinned, by: 'join', foreign: null });
    await write({ replaced: Array(17).fill(foreign) });
    await expect(read()).rejects.toMatchObject(refusal(/cannot be read/));
  });

  it('is not missed once root said that no key counts, nor after the host left its manager', async () => {
    await writePinnedKey(files, place, PIN);
    await writePinnedKey(files, place, { ...NOTHING, by: 'root' });
    await rm(place.file);
    expect(await read()).toEqual(NOTHING);
    await writePinnedKey(files, place, PIN);
    await forgetPinnedKey(files, place);
    expect(await read()).toEqual(NOTHING);
  });

  it.each<[string, RegExp, () => Promise<void>]>([
    ['writes the file', /can change it \(mode 0666\)/, () => chmod(place.file, 0o666)],
    ['writes its folder', /can change it \(mode 0777\)/, () => chmod(dirname(place.file), 0o777)],
    [
      'put a link in its place',
      /neither a link nor a folder/,
      async () => {
        await rm(place.file);
        await symlink('/dev/null', place.file);
      },
    ],
    [
      'put a folder in its place',
      /neither a link nor a folder/,
      async () => {
        await rm(place.file);
        await mkdir(place.file);
      },
    ],
  ])('is not believed when somebody else %s', async (_what, words, open) => {
    await writePinnedKey(files, place, PIN);
    await open();
    await expect(read()).rejects.toMatchObject(refusal(words));
  });

  it.runIf(process.getuid?.() === 0)('is not believed when it belongs to another user', async () => {
    await writePinnedKey(files, place, PIN);
    await chown(place.file, 4_711, 4_711);
    await expect(read()).rejects.toMatchObject(refusal(/belongs to user 4711/));
  });
});
