import fs from 'node:fs';
import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import { diskState } from '@linux-patch/runtime/testing';

/**
 * Numbers the places where a process can be cut off, below our own code: before and after every call of node:fs that
 * changes the disk, and at the boundaries of every HTTP request. The process kills itself at the place whose number is
 * in CRASH_AT, with SIGKILL, so that nothing of it can tidy up. The program is one script of CommonJS, which takes a
 * function of a built-in module from there at each call, so it does not matter what was loaded before.
 */
const killAt = Number(process.env['CRASH_AT'] ?? 0);

/** A place that was reached. */
export interface Place {
  readonly name: string;
  /** At a call that changes the disk, before a request is made, or while the manager has or answers one. */
  readonly at: 'disk' | 'request' | 'exchange';
  /** What lay in the watched folder there; empty when none is watched. */
  readonly disk: string;
}

/** Every place that was reached, in order. */
export const reached: Place[] = [];
let watched: string | undefined;
let failing: { readonly at: number; readonly code: string; calls: number } | undefined;

function pass(at: Place['at'], name: string): void {
  reached.push({ name, at, disk: watched === undefined ? '' : diskState(watched) });
  if (reached.length !== killAt) return;
  process.kill(process.pid, 'SIGKILL');
  // The signal comes before this ends.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
}

/** Makes one call fail instead: the one with this number from now on (1 is the next). */
export function failCall(at: number, code: string): void {
  failing = { at, code, calls: 0 };
}

/** Ends that; returns how many calls there were. */
export function failNoMore(): number {
  const calls = failing?.calls ?? 0;
  failing = undefined;
  return calls;
}

function failWhenArmed(call: string): void {
  if (!failing) return;
  failing.calls += 1;
  if (failing.calls !== failing.at) return;
  throw Object.assign(new Error(`${failing.code}: made by the test at ${call}`), { code: failing.code });
}

type Call = (...args: unknown[]) => Promise<unknown>;

function wrap(owner: object, name: string, applies: (args: unknown[]) => boolean = () => true): void {
  const calls = owner as Record<string, Call>;
  const real = calls[name];
  if (!real) throw new Error(`node:fs has no ${name}`);
  calls[name] = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    if (!applies(args)) return real.apply(this, args);
    const where = typeof args[0] === 'string' ? ` ${args[0].split('/').slice(-2).join('/')}` : '';
    pass('disk', `before ${name}${where}`);
    failWhenArmed(name);
    const result = await real.apply(this, args);
    pass('disk', `after ${name}${where}`);
    return result;
  };
}

/** Files are opened for writing by name of the mode here, never by number. */
const opensForWriting = (args: unknown[]): boolean => typeof args[1] === 'string' && args[1] !== 'r';

async function watchFiles(): Promise<void> {
  const handle = await fs.promises.open('/dev/null', 'r');
  const prototype = Object.getPrototypeOf(handle) as object;
  await handle.close();
  for (const name of ['writeFile', 'write', 'appendFile', 'sync', 'chmod', 'chown', 'truncate'])
    wrap(prototype, name);
  for (const name of ['mkdir', 'rename', 'symlink', 'link', 'rm', 'unlink', 'rmdir', 'chmod', 'writeFile'])
    wrap(fs.promises, name);
  wrap(fs.promises, 'open', opensForWriting);
}

function watchRequests(library: { request: (...args: never[]) => ClientRequest }): void {
  const real = library.request;
  library.request = (...args: never[]): ClientRequest => {
    const [{ method, path }] = args as unknown as [{ method?: string; path?: string }];
    const what = `${method} ${path?.split('?')[0]}`;
    pass('request', `before ${what}`);
    const outgoing = real(...args);
    outgoing.prependListener('finish', () => setImmediate(() => pass('exchange', `after sending ${what}`)));
    outgoing.prependListener('response', (response) => {
      pass('exchange', `before the answer of ${what}`);
      response.prependListener('end', () => pass('exchange', `after the answer of ${what}`));
    });
    return outgoing;
  };
}

/** Begins to number; `folder` is looked at again at each place, unless the process is to be cut off. */
export async function numberPlaces(folder: string | undefined): Promise<void> {
  watched = killAt === 0 ? folder : undefined;
  await watchFiles();
  watchRequests(http as never);
  watchRequests(https as never);
}
