import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, onTestFinished, test } from 'vitest';
import { type LockResult, takeLock } from './instance-lock.ts';

const DOORS = { files: systemFiles, clock: systemClock };

/** Another process that takes a lock, says so, and lives on. */
function holder(path: string, through: readonly string[] = []): ChildProcess {
  const program = `
    const { takeLock } = await import(${JSON.stringify(new URL('./instance-lock.ts', import.meta.url).href)});
    const { systemClock: clock, systemFiles: files } = await import('@linux-patch/runtime/node');
    const result = await takeLock({ clock, files }, process.argv[1]);
    process.stdout.write('lock' in result ? 'taken' : 'held by ' + result.heldBy?.pid);
    setInterval(() => result, 1_000);`;
  const [first, ...args] = [...through, process.execPath, '--input-type=module', '-e', program, path];
  const child = spawn(first, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function wordOf(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  return chunk.toString();
}

async function letGo(result: LockResult): Promise<void> {
  if (!('lock' in result)) throw new Error('the lock was not taken');
  await result.lock[Symbol.asyncDispose]();
}

test('of twenty who ask at once exactly one gets it, and the others learn who', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'one.lock');
  const results = await Promise.all(Array.from({ length: 20 }, () => takeLock(DOORS, path)));
  expect(results.filter((one) => 'lock' in one)).toHaveLength(1);
  expect(await takeLock(DOORS, path)).toMatchObject({ heldBy: { pid: process.pid } });
});

test('who lets go can be followed at once, and is not named any more', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'locks', 'one.lock');
  for (let round = 0; round < 3; round += 1) await letGo(await takeLock(DOORS, path));
  expect(await readFile(path, 'utf8')).toBe('');
});

test('what a process that was killed held is free when the process is gone', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'one.lock');
  const child = holder(path);
  expect(await wordOf(child)).toBe('taken');
  expect(await takeLock(DOORS, path)).toMatchObject({ heldBy: { pid: child.pid } });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await letGo(await takeLock(DOORS, path));
});

test('who waits gets it when the other ends, however that ends', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'one.lock');
  const child = holder(path);
  await wordOf(child);
  const waiting = takeLock(DOORS, path, new AbortController().signal);
  child.kill('SIGKILL');
  await letGo(await waiting);
});

test('who is told to stop waits no longer', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'one.lock');
  const first = await takeLock(DOORS, path);
  const stopping = new AbortController();
  const waiting = takeLock(DOORS, path, stopping.signal);
  stopping.abort();
  expect(await waiting).toMatchObject({ heldBy: { pid: process.pid } });
  await letGo(first);
  await letGo(await takeLock(DOORS, path));
});

test('processes that do not see each other have one lock', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'one.lock');
  const apart = ['unshare', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc', '--net'];
  expect(await wordOf(holder(path, apart))).toBe('taken');
  expect(await takeLock(DOORS, path)).toHaveProperty('heldBy');
});

test('a copy of the folder is another lock', async () => {
  await using folder = await temporaryFolder();
  const [original, copy] = [join(folder.path, 'original'), join(folder.path, 'copy')];
  expect(await takeLock(DOORS, join(original, 'one.lock'))).toHaveProperty('lock');
  await cp(original, copy, { recursive: true });
  expect(await takeLock(DOORS, join(copy, 'one.lock'))).toHaveProperty('lock');
  expect(await takeLock(DOORS, join(original, 'one.lock'))).toHaveProperty('heldBy');
});

test('a note that is none names nobody', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'one.lock');
  const first = await takeLock(DOORS, path);
  await writeFile(path, '{"pid":');
  expect(await takeLock(DOORS, path)).toEqual({ heldBy: undefined });
  await letGo(first);
});

/** In a mount namespace of its own: a small file system with a lock file in it, and what befell it. */
function mounted(what: string): string[] {
  const script = `mount -t tmpfs -o size=64k tmpfs "$0" && ${what} && exec "$@"`;
  return ['unshare', '--map-root-user', '--mount', 'sh', '-ec', script];
}

test.each([
  ['was made read-only', 'touch "$0/one.lock" && mount -o remount,ro,bind "$0"'],
  ['is full', 'touch "$0/one.lock" && { dd if=/dev/zero of="$0/filler" 2>/dev/null || true; }'],
])('a file system that %s gives the lock all the same', async (_what, befell) => {
  await using folder = await temporaryFolder();
  const child = holder(join(folder.path, 'one.lock'), [...mounted(befell), folder.path]);
  expect(await wordOf(child)).toBe('taken');
});
