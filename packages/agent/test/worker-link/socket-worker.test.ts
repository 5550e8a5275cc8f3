import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { StateAnswer } from '@linux-patch/worker';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';
import { openWorkerLink } from '../../src/worker-link/link.ts';
import { socketWorker } from '../../src/worker-link/socket-worker.ts';
import { type UnitFault, WORKER_UNITS } from '../../src/worker-link/unit-fault.ts';

const STATE = { v: 1, op: 'state' } as const;
/** Ends with 7 when the other side has closed the connection. It is one that does not block, so cat(1) would not wait. */
const WAITS = [
  process.execPath,
  '-e',
  "new (require('node:net').Socket)({ fd: 3 }).resume().once('end', () => process.exit(7))",
];
const HANDED_OVER = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"';

/** Starts a program for each connection, as systemd does (`Accept=yes`): it keeps the connection until that has ended. */
async function superserver(program: (root: string) => readonly string[]) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const started: ChildProcess[] = [];
  const server = createServer({ pauseOnConnect: true }, (connection) => {
    connection.on('error', () => {});
    const args = ['-c', HANDED_OVER, 'sh', ...program(folder.path)];
    const child = spawn('/bin/sh', args, { stdio: ['ignore', 'ignore', 'ignore', connection] });
    started.push(child);
    child.once('exit', () => connection.destroy());
  });
  const path = join(folder.path, 'worker.sock');
  server.listen(path);
  onTestFinished(() => void server.close());
  return { path, started };
}

/** What takes a connection and closes it at once, as systemd does when it starts nothing. */
async function refusing() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const server = createServer((connection: Socket) => connection.destroy());
  const path = join(folder.path, 'worker.sock');
  server.listen(path);
  onTestFinished(() => void server.close());
  return path;
}

function linkTo(path: string, fault?: UnitFault) {
  const link = openWorkerLink(
    socketWorker({ units: { ...WORKER_UNITS, path }, findFault: async () => fault }),
  );
  onTestFinished(() => link[Symbol.dispose]());
  return link;
}

const unavailable = (message: string) => ({
  code: 'WORKER_UNAVAILABLE',
  message: `The worker of this host gave no answer, because ${message}`,
});

describe('the way to the worker over its socket', () => {
  it('has a worker of its own answer each request, and passes on what it says', async () => {
    const [program] = OWN_PROGRAMS['linux-patch-worker'];
    const { path, started } = await superserver((root) => [program, 'request', '--root', root]);
    const link = linkTo(path);
    const answers = await Promise.allSettled([link.ask(STATE, StateAnswer), link.ask(STATE, StateAnswer)]);
    const refused = { status: 'rejected', reason: { code: 'SERVICE_UNHEALTHY' } };
    expect(answers).toMatchObject([refused, refused]);
    expect(started).toHaveLength(2);
  });

  it('closes the connection when nobody waits any more, by which the worker ends', async () => {
    const { path, started } = await superserver(() => WAITS);
    const link = linkTo(path);
    const given = new AbortController();
    const answer = link.ask(STATE, StateAnswer, { signal: given.signal });
    const refused = expect(answer).rejects.toMatchObject({
      message: expect.stringContaining('nobody waits for the answer any more'),
    });
    await expect.poll(() => started.length).toBe(1);
    given.abort();
    await refused;
    await expect.poll(() => started[0]?.exitCode).toBe(7);
  });

  it('gives up a worker that is not done in time', async () => {
    const { path } = await superserver(() => WAITS);
    await expect(linkTo(path).ask(STATE, StateAnswer, { limitMs: 50 })).rejects.toMatchObject({
      message: expect.stringContaining('the worker was not done after 0 minutes and was ended'),
    });
  });

  it('says what is wrong with the units, and what mends them, when nothing is started or nobody listens', async () => {
    const fault = { what: 'linux-patch-worker@.service is masked', mend: 'systemctl unmask it' };
    const words = unavailable('linux-patch-worker@.service is masked. As root: systemctl unmask it');
    for (const path of [await refusing(), '/nonexistent/worker.sock'])
      await expect(linkTo(path, fault).ask(STATE, StateAnswer)).rejects.toMatchObject(words);
  });

  it('says where its last words are when a worker ended without an answer and the units are as they should be', async () => {
    await expect(linkTo(await refusing()).ask(STATE, StateAnswer)).rejects.toMatchObject(
      unavailable(
        "it ended, or was never started, before it had answered. Ask again; if that does not help, its last words are on the host itself, as root: journalctl -u 'linux-patch-worker@*' -n 20",
      ),
    );
  });

  it('names the socket at which nobody can be reached', async () => {
    await expect(linkTo('/nonexistent/worker.sock').ask(STATE, StateAnswer)).rejects.toMatchObject(
      unavailable(
        'nobody can be reached at /nonexistent/worker.sock (ENOENT). As root: systemctl restart linux-patch-worker.socket',
      ),
    );
  });
});
