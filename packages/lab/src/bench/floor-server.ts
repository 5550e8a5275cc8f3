import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { buffer } from 'node:stream/consumers';

/**
 * What no manager can leave out of an enrolment, and nothing else: three handshakes, the signatures that prove request and
 * key, the signature of the certificate, and the flushes after which an answer may leave. What arrives in one turn is
 * flushed together. Arguments: certificate, key, database.
 */
const [certificatePath = '', keyPath = '', databasePath = ''] = process.argv.slice(2);

const database = new DatabaseSync(databasePath);
database.exec('pragma journal_mode = wal; pragma synchronous = full; create table kept (body blob) strict;');
const keep = database.prepare('insert into kept values (?)');

const host = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const hostSpki = host.publicKey.export({ type: 'spki', format: 'der' });
const authority = createPrivateKey(readFileSync(keyPath));
const message = Buffer.alloc(512, 'm');
const signature = sign('sha256', message, host.privateKey);
/** About the size of an answer with certificate, chain and list. */
const approval = Buffer.alloc(6_000, 'a');

let waiting: { readonly body: Buffer; readonly done: () => void }[] = [];

function flush(): void {
  const batch = waiting;
  waiting = [];
  database.exec('begin immediate');
  for (const { body } of batch) keep.run(body);
  database.exec('commit');
  for (const { done } of batch) done();
}

/** Resolves when the row is on the disk. */
function kept(body: Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (waiting.length === 0) setImmediate(flush);
  waiting.push({ body, done: resolve });
  return promise;
}

function check(times: number): void {
  const key = createPublicKey({ key: hostSpki, format: 'der', type: 'spki' });
  for (let time = 0; time < times; time += 1) {
    if (!verify('sha256', message, key, signature)) throw new Error('a signature does not fit');
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(request);
  // A request to join is signed twice: the CSR by its key, and the message.
  check(request.url === '/register' ? 2 : 1);
  if (request.url === '/fetch') sign('sha256', message, authority);
  await kept(body);
  response.end(request.url === '/fetch' ? approval : 'ok');
}

const server = createServer(
  { cert: readFileSync(certificatePath), key: readFileSync(keyPath) },
  (request, response) => void answer(request, response),
);
server.listen(0, '127.0.0.1', () => process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`));
