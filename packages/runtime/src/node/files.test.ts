import { spawnSync } from 'node:child_process';
import { link, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/index.ts';
import { systemFiles } from './files.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

describe('the door to the file system', () => {
  it('creates a secret file with its mode whatever the umask is', async () => {
    const path = join(folder.path, 'key.pem');
    const before = process.umask(0o077);
    try {
      await systemFiles.writeDurably({ path, data: 'x', mode: 0o640 });
    } finally {
      process.umask(before);
    }
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  it('reads a file of many chunks, and of a device that never ends no more than a limit', async () => {
    const path = join(folder.path, 'text');
    const text = 'ä'.repeat(200_001);
    await writeFile(path, text);
    expect(await systemFiles.readText(path)).toBe(text);
    await expect(systemFiles.readText('/dev/zero')).rejects.toMatchObject({ code: 'EFBIG' });
    await expect(systemFiles.readBytes('/dev/zero')).rejects.toMatchObject({ code: 'EFBIG' });
    expect(await systemFiles.readText('/proc/self/cmdline')).toContain('node');
  });

  it('leaves the old file and no temporary one when a write fails', async () => {
    const path = join(folder.path, 'state.json');
    await mkdir(path);
    await writeFile(join(path, 'inside'), 'kept');
    await expect(systemFiles.writeDurably({ path, data: 'new', mode: 0o600 })).rejects.toThrow();
    expect(await readdir(folder.path)).toEqual(['state.json']);
    expect(await systemFiles.readText(join(path, 'inside'))).toBe('kept');
  });

  it('removes what a killed process left of the same file, and nothing of one that still runs', async () => {
    const path = join(folder.path, 'key.pem');
    const gone = spawnSync('true');
    await writeFile(join(folder.path, `.key.pem.${gone.pid}-1.tmp`), 'half a key');
    await writeFile(join(folder.path, `.key.pem.${process.ppid}-1.tmp`), 'being written');
    await writeFile(join(folder.path, `.other.pem.${gone.pid}-1.tmp`), 'of another file');
    await systemFiles.writeDurably({ path, data: 'x', mode: 0o600 });
    expect(await readdir(folder.path)).toEqual(
      [`.key.pem.${process.ppid}-1.tmp`, `.other.pem.${gone.pid}-1.tmp`, 'key.pem'].sort(),
    );
  });

  it('makes folders with their parents, keeps the mode of one that is there, and takes no file for one', async () => {
    const path = join(folder.path, 'a/b/c');
    await systemFiles.makeFolder(path, 0o700);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder.path, 'a'))).mode & 0o777).toBe(0o755);
    await systemFiles.makeFolder(path, 0o755);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await writeFile(join(folder.path, 'file'), '');
    await expect(systemFiles.makeFolder(join(folder.path, 'file'), 0o700)).rejects.toMatchObject({
      code: 'EEXIST',
    });
    await expect(systemFiles.makeFolder(join(folder.path, 'file/inside'), 0o700)).rejects.toThrow();
  });

  it('says undefined for what is absent and throws for what is unreadable', async () => {
    expect(await systemFiles.readText(join(folder.path, 'absent'))).toBeUndefined();
    expect(await systemFiles.facts(join(folder.path, 'absent'))).toBeUndefined();
    await expect(systemFiles.readText(folder.path)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(systemFiles.list(join(folder.path, 'absent'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await systemFiles.list(join(folder.path, 'absent'), { missingOk: true })).toEqual([]);
  });

  it('tells a link from what it leads to', async () => {
    const link = join(folder.path, 'link');
    await systemFiles.replaceLink('target', link);
    expect(await systemFiles.facts(link)).toMatchObject({ kind: 'link' });
    expect(await systemFiles.factsBehind(link)).toBeUndefined();
    await systemFiles.writeDurably({ path: join(folder.path, 'target'), data: '12345', mode: 0o644 });
    expect(await systemFiles.factsBehind(link)).toMatchObject({ kind: 'file', sizeBytes: 5 });
  });

  it('reads no more than it is told to', async () => {
    const path = join(folder.path, 'large');
    await writeFile(path, 'a'.repeat(10_000));
    expect(await systemFiles.readTextLimited(path, 100)).toBe('a'.repeat(100));
  });

  it('reads no link, pipe, folder or second name where somebody else may have laid one', async () => {
    const { plain } = systemFiles;
    const at = (name: string) => join(folder.path, name);
    await writeFile(at('own'), 'mine');
    expect(await plain.readText(at('own'))).toBe('mine');
    expect(await plain.readText(at('absent-file'))).toBeUndefined();
    await systemFiles.replaceLink(at('own'), at('laid'));
    await expect(plain.readText(at('laid'))).rejects.toMatchObject({ code: 'ELOOP' });
    spawnSync('sh', ['-c', 'mkfifo "$1"', 'sh', at('pipe')]);
    await link(at('own'), at('second'));
    for (const name of ['pipe', 'second', '.'])
      for (const read of [
        () => plain.readText(at(name)),
        () => plain.readPart(at(name), { offset: 0, maxBytes: 10 }),
      ])
        await expect(read()).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it('reads many files in their order: absent ones, an empty one, and some that are larger than most', async () => {
    const texts = Array.from({ length: 700 }, (_, index) =>
      index % 90 === 0 ? 'é'.repeat(5_000) : `text ${index}`,
    );
    texts[3] = '';
    const paths = texts.map((_, index) => join(folder.path, `many-${index}`));
    await Promise.all(paths.map((path, index) => writeFile(path, texts[index] ?? '')));
    const absent = [join(folder.path, 'nowhere'), join(paths[0] ?? '', 'below-a-file')];
    expect(await systemFiles.readTextsLimited([...absent, ...paths], 20_000)).toEqual([
      undefined,
      undefined,
      ...texts,
    ]);
    expect(await systemFiles.readTextsLimited([paths[0] ?? '', paths[1] ?? ''], 4)).toEqual(['éé', 'text']);
    await expect(systemFiles.readTextsLimited([folder.path], 4)).rejects.toThrow(/EISDIR/);
    const pipe = join(folder.path, 'nobody-writes');
    spawnSync('sh', ['-c', 'mkfifo "$1"', 'sh', pipe]);
    await expect(systemFiles.readTextsLimited([pipe], 4)).rejects.toThrow(/ESPIPE/);
  });

  it('takes memory for what a file has, not for what it may have', async () => {
    const path = join(folder.path, 'small');
    await writeFile(path, 'a'.repeat(100));
    const part = await systemFiles.readPart(path, { offset: 40, maxBytes: 16 * 1024 * 1024 });
    expect(part).toHaveLength(60);
    expect(part?.buffer.byteLength).toBeLessThan(1024 * 1024);
  });

  it('reads a part of a file from where it is told to', async () => {
    const path = join(folder.path, 'long');
    const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, index) => index % 251));
    await writeFile(path, bytes);
    for (const [offset, maxBytes] of [
      [0, 1],
      [3, 4_096],
      [4_095, 4_098],
      [1, 690_000],
      [650_000, 900_000],
    ] as const)
      expect(
        Buffer.compare(
          (await systemFiles.readPart(path, { offset, maxBytes }))!,
          bytes.subarray(offset, offset + maxBytes),
        ),
      ).toBe(0);
    expect(await systemFiles.readPart(path, { offset: 700_000, maxBytes: 5 })).toHaveLength(0);
  });

  it('replaces a link in one step', async () => {
    const link = join(folder.path, 'current');
    await systemFiles.replaceLink('gen-1', link);
    await systemFiles.replaceLink('gen-2', link);
    expect(await systemFiles.readLink(link)).toBe('gen-2');
    expect(await readdir(folder.path)).toEqual(['current']);
  });

  it('keeps watching a file that is replaced by rename', async () => {
    const path = join(folder.path, 'watched.yaml');
    await writeFile(path, 'one');
    let notices = 0;
    let wake = (): void => {};
    using _watch = systemFiles.watch(path, () => {
      notices += 1;
      wake();
    });
    for (let round = 1; round <= 2; round += 1) {
      const seen = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await writeFile(`${path}.new`, `round ${round}`);
      await rename(`${path}.new`, path);
      await seen;
    }
    expect(notices).toBe(2);
  });
});
