import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type Agent, request } from 'node:https';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { buffer } from 'node:stream/consumers';
import { freePort } from '@linux-patch/runtime/testing';
import type { ManagerIdentity } from '../mtls-health.ts';
import { makeOpensslIdentity } from '../openssl-identity.ts';
import { type RunningProgram, startProgram } from '../process.ts';
import { waitFor } from '../wait.ts';
import type { PackagedAgent } from './packaged-agent.ts';

const ADDRESS = '127.0.0.1';
const NAME = 'bench.lab.test';

/** A program that listens, and how long it took from its start. */
export interface Listening {
  readonly program: RunningProgram;
  readonly startMs: number;
}

/** A host of a private root. */
export interface BenchHost {
  /** Starts the packaged agent as its unit does. */
  readonly startAgent: () => Promise<Listening>;
  /** Starts a server with the same certificates on the same Node that does nothing else. */
  readonly startBareServer: () => Promise<Listening>;
  /** Asks whoever serves; a new connection where there is no agent. */
  get(path: string, connections?: Agent): Promise<{ readonly body: Buffer; readonly ms: number }>;
}

/** A script as short as can be: everything above its time and memory is the agent's own. */
function bareServer(certificates: string, port: number): string {
  return `'use strict';
const { readFileSync } = require('node:fs');
const { createServer } = require('node:https');
const read = (name) => readFileSync('${certificates}/' + name);
const options = {
  ca: read('ca.pem'), cert: read('server.pem'), key: read('server.key.pem'),
  requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3',
};
createServer(options, (request, response) => response.end('ok'))
  .listen(${port}, '${ADDRESS}', () => console.log('Listening on ${port}'));
`;
}

/** Resolves when it says that it listens, rejects when it ends before. */
async function listen(
  command: readonly string[],
  options: { readonly logFile: string; readonly env: Readonly<Record<string, string>> },
): Promise<Listening> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const [program = '', ...args] = command;
  const startedMs = performance.now();
  const running = startProgram({
    program,
    args,
    ...options,
    onLine: (line) => {
      if (line.includes('Listening on')) resolve(performance.now() - startedMs);
    },
  });
  void running.exited.then((code) =>
    reject(new Error(`${program} ended with ${code}; see ${options.logFile}`)),
  );
  return { program: running, startMs: await waitFor(`${program} to listen`, promise) };
}

function ask(options: {
  readonly port: number;
  readonly path: string;
  readonly identity: ManagerIdentity;
  readonly connections: Agent | undefined;
}): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const { port, path, identity, connections } = options;
  const where = { host: ADDRESS, servername: NAME, port, path, ...identity };
  const outgoing = request({ ...where, agent: connections ?? false }, (response) => {
    buffer(response).then((body) => {
      if (response.statusCode === 200) resolve(body);
      else reject(new Error(`GET ${path}: ${response.statusCode} ${body.toString()}`));
    }, reject);
  });
  outgoing.on('error', reject).end();
  return promise;
}

/** Makes the agent's part of a root that has packages. @param root what else it needs is put beside it */
export async function openBenchHost(root: string, agent: PackagedAgent): Promise<BenchHost> {
  const configuration = join(root, 'etc/linux_patch_api');
  const certificates = join(configuration, 'certs');
  await mkdir(configuration, { recursive: true });
  const files = await makeOpensslIdentity({ folder: certificates, fqdn: NAME, address: ADDRESS });
  const port = await freePort(ADDRESS);
  await writeFile(join(root, 'etc/hostname'), `${NAME}\n`);
  const server = `server: { bind: ${ADDRESS}, port: ${port} }\nrate_limit: { enabled: false }\n`;
  await writeFile(join(configuration, 'config.yaml'), server);
  await writeFile(join(configuration, 'whitelist.yaml'), `entries: [${ADDRESS}]\n`);
  const bare = `${root}-bare-server.cjs`;
  await writeFile(bare, bareServer(certificates, port));
  const read = (file: string): Promise<string> => readFile(file, 'utf8');
  const identity = {
    ca: await read(files.ca),
    cert: await read(files.clientCertificate),
    key: await read(files.clientKey),
  };
  // Neither gets what the shell of the benchmark has for Node.
  const env = { PATH: process.env.PATH ?? '', NODE_OPTIONS: '', ...agent.environment };
  const logFile = `${root}-programs.log`;
  return {
    startAgent: () => listen([...agent.command, '--root', root], { logFile, env }),
    startBareServer: () => listen([agent.node, '--disable-sigusr1', bare], { logFile, env }),
    async get(path, connections) {
      const startedMs = performance.now();
      const body = await ask({ port, path, identity, connections });
      return { body, ms: performance.now() - startedMs };
    },
  };
}
