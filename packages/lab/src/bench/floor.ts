import { mkdir, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { makeOpensslIdentity } from '../openssl-identity.ts';
import { startProgram } from '../process.ts';
import { waitFor } from '../wait.ts';
import { inParallel } from './in-parallel.ts';
import { readProcess } from './proc.ts';

const PROGRAM = join(import.meta.dirname, 'floor-server.ts');
const ENROLMENTS = 1_000;
const AT_ONCE = 64;
/** Bytes of a request to join. */
const BODY = 'b'.repeat(1_200);

/** CPU time that a server spends on an enrolment when it does only what cannot be left out (see `floor-server.ts`). */
export async function measureFloor(folder: string): Promise<{ readonly cpuMs: number }> {
  await mkdir(folder, { recursive: true });
  const identity = await makeOpensslIdentity({ folder, fqdn: 'floor.lab.test', address: '127.0.0.1' });
  const ca = await readFile(identity.ca, 'utf8');
  const port = Promise.withResolvers<number>();
  await using server = startProgram({
    program: process.execPath,
    args: [PROGRAM, identity.certificate, identity.key, join(folder, 'floor.sqlite')],
    logFile: join(folder, 'floor.log'),
    onLine: (line) => {
      const told = /^port (\d+)$/.exec(line)?.[1];
      if (told !== undefined) port.resolve(Number(told));
    },
  });
  const url = `https://127.0.0.1:${await waitFor('the bare server to listen', port.promise)}`;
  const before = await readProcess(server.pid);
  await inParallel(
    Array.from({ length: ENROLMENTS }, (_, number) => number),
    AT_ONCE,
    async () => {
      for (const path of ['register', 'fetch', 'acknowledge']) await post(`${url}/${path}`, ca);
    },
  );
  const after = await readProcess(server.pid);
  return { cpuMs: (after.cpuMs - before.cpuMs) / ENROLMENTS };
}

/** Over a connection of its own, as agents ask. */
async function post(url: string, ca: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const outgoing = request(url, { method: 'POST', agent: false, ca }, (response) => {
    text(response).then(resolve, reject);
  });
  outgoing.on('error', reject);
  outgoing.end(BODY);
  await promise;
}
