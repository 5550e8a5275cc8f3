import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, link, mkdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { ServiceList } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { systemClock, systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listServices, type ServicesHost } from '../src/services/list.ts';
import { askOverPipes } from './worker-process.ts';

const NEVER = new AbortController().signal;

/** Processes that a test has started; what else runs on this machine is not looked at. */
const own = new Set<number | undefined>();
const ownProcesses: Files = {
  ...systemFiles,
  readText: async (path) => {
    const pid = /^\/proc\/(\d+)\/maps$/.exec(path)?.[1];
    return pid === undefined || own.has(Number(pid)) ? systemFiles.readText(path) : '';
  },
};

/** Programs and libraries that a running process maps. */
async function mappedBy(child: ChildProcess): Promise<string[]> {
  const text = await readFile(`/proc/${child.pid}/maps`, 'utf8');
  return [...new Set(text.match(/\/\S+$/gm) ?? [])];
}

/** Starts a program; when this resolves it runs with everything that it needs. */
async function started(program: string, ...args: string[]) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  own.add(child.pid);
  onTestFinished(async () => {
    const ended = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await ended;
  });
  child.stdin.write('here\n');
  await once(child.stdout, 'data');
  return child;
}

/** A root with a copy of a small program and of every library that it needs. */
async function smallRoot() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const root = await realpath(folder.path);
  const original = await started('/bin/cat');
  const paths = (await mappedBy(original)).filter((path) => /\/cat$|\.so(\.|$)/.test(path));
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(path, join(root, path));
  }
  const named = (pattern: RegExp): string => paths.find((path) => pattern.test(path)) ?? `no ${pattern}`;
  const [program, library, loader] = [named(/\/cat$/), named(/libc[.-]/), named(/\/ld-/)];
  /** Starts the copy; its libraries are those of the root, wherever that is for it. */
  const startBelow = (top: string, before: readonly string[]) => {
    const at = (path: string): string => join(top, path);
    const command = [...before, at(loader), '--library-path', at(dirname(library)), at(program)];
    return started(command[0] ?? '', ...command.slice(1));
  };
  const start = (...before: string[]) => startBelow(root, before);
  /** Where what is before it makes the root of the program of this one. */
  const startInside = (...before: string[]) => startBelow('/', before);
  /** As package managers do: a new file is put over the old one. */
  const replace = async (path: string) => {
    const at = join(root, path);
    await copyFile(at, `${at}.new`);
    await rename(`${at}.new`, at);
  };
  const list = (odd: Partial<ServicesHost> = {}) =>
    listServices({ files: ownProcesses, clock: systemClock, root, ...odd }, NEVER);
  const remove = (path: string) => rm(join(root, path));
  return { root, program, library, start, startInside, replace, remove, list };
}

const processesOf = ({ services, others }: ServiceList) =>
  [...services.flatMap((one) => one.outdated), ...others].map(({ pid, program, files }) => ({
    pid,
    program,
    files,
  }));

describe('what runs code that was replaced', () => {
  it('is a process whose library or program was replaced or removed while it runs, and no other', async () => {
    const { start, replace, remove, list, library, program } = await smallRoot();
    const first = await start();
    expect(await list()).toMatchObject({
      others: [],
      elsewhere: 0,
      unknown: [],
      left_out: 0,
      complete: true,
    });
    await replace(library);
    await start();
    expect(processesOf(await list())).toEqual([
      { pid: first.pid, program: expect.any(String), files: [library] },
    ]);
    await remove(program);
    const found = processesOf(await list());
    expect(found.map(({ files }) => files)).toEqual([[program, library].sort(), [program]]);
  });

  it('is nobody any more when the very file is back under its path', async () => {
    const { root, start, replace, list, library } = await smallRoot();
    const at = join(root, library);
    await link(at, `${at}.kept`);
    await start();
    await replace(library);
    expect(processesOf(await list())).toHaveLength(1);
    await rename(`${at}.kept`, at);
    expect(processesOf(await list())).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)(
    'is found behind a sandbox with mounts of its own, and in a folder that is its root',
    async () => {
      const { root, start, startInside, replace, list, library } = await smallRoot();
      const sandboxed = await start('unshare', '--mount');
      const inside = await startInside('chroot', root);
      expect(processesOf(await list())).toEqual([]);
      await replace(library);
      const found = processesOf(await list());
      expect(new Set(found.map(({ pid }) => pid))).toEqual(new Set([sandboxed.pid, inside.pid]));
      expect(found.map(({ files }) => files)).toEqual([[library], [library]]);
    },
  );

  it.runIf(process.getuid?.() === 0)(
    'is told apart from containers, whose files are not those of this host',
    async () => {
      const { root, startInside, replace, list, library } = await smallRoot();
      await startInside('unshare', '--mount', `--root=${root}`);
      await replace(library);
      expect(await list()).toMatchObject({
        services: [],
        others: [],
        elsewhere: 1,
        unknown: [],
        complete: true,
      });
    },
  );

  it('is not known of a process that cannot be read, and that is said', async () => {
    const { start, list } = await smallRoot();
    const { pid } = await start();
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    const files: Files = {
      ...ownProcesses,
      readText: (path) =>
        path === `/proc/${pid}/maps` ? Promise.reject(denied) : ownProcesses.readText(path),
    };
    expect(await list({ files })).toMatchObject({
      others: [],
      unknown: [{ reason: 'what it runs cannot be read (EACCES)', processes: 1 }],
      complete: false,
    });
  });

  it('is not known where processes are hidden, which is no empty answer', async () => {
    const { list } = await smallRoot();
    const files: Files = {
      ...systemFiles,
      list: async (path, more) => (await systemFiles.list(path, more)).filter((name) => name !== '1'),
    };
    await expect(list({ files })).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('/proc hides the processes of others'),
    });
  });

  it('is not looked for longer than 20 s, and what is left is said', async () => {
    const { list } = await smallRoot();
    const clock = new ManualClock();
    const files: Files = {
      ...ownProcesses,
      readText: async (path) => {
        if (path.endsWith('/maps')) await clock.advance(21_000);
        return ownProcesses.readText(path);
      },
    };
    const { unknown, complete } = await list({ files, clock });
    const [left] = unknown;
    expect([left?.reason, complete]).toEqual(['there was no time left after 20 s', false]);
    expect(left?.processes).toBeGreaterThan(0);
  });

  it('is looked for by the worker without a package manager', async () => {
    const { root } = await smallRoot();
    const ask = (to: Writable) => void to.end('{"v":1,"op":"services"}\n');
    const { answer } = await askOverPipes(['request', '--root', root], ask);
    const { ok, value } = JSON.parse(answer);
    expect([ok, ServiceList.parse(value).services]).toEqual([true, []]);
  });
});
