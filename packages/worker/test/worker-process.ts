import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ownProgram } from '@linux-patch/runtime/testing';

const PROGRAM = ownProgram('linux-patch-worker');

/** For commands of an agent that runs in the process of a test. */
export const OWN_PROGRAMS = { 'linux-patch-worker': [PROGRAM] } as const;

export interface Outcome {
  /** What came back, whole. */
  readonly answer: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** What is sent; undefined leaves the connection open, and says nothing more. */
export type Say = (to: Writable) => void;

/** The real program with one request over standard input and output; resolves when it has ended. */
export async function askOverPipes(args: readonly string[], say: Say): Promise<Outcome> {
  const child = spawn(PROGRAM, [...args], { stdio: 'pipe' });
  // A program that does not read to the end closes it.
  child.stdin.on('error', () => {});
  say(child.stdin);
  const [answer, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { answer, stderr, code };
}

/** The same over a connection that is handed over as systemd does (`Accept=yes`, sd_listen_fds(3)). */
export async function askOverSocket(args: readonly string[], say: Say): Promise<Outcome> {
  const script = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"';
  const command = ['-c', script, 'sh', PROGRAM, ...args];
  const child = spawn('/bin/sh', command, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , stderr, socket] = child.stdio as unknown as [null, null, Readable, Duplex];
  socket.on('error', () => {});
  say(socket);
  const [answer, said, [code]] = await Promise.all([
    text(socket),
    text(stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { answer, stderr: said, code };
}
