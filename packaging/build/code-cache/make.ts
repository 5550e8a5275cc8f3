import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { createPrivateAptRoot } from '../../../packages/lab/src/apt/private-root.ts';
import { firstAnswer, type ManagerIdentity } from '../../../packages/lab/src/mtls-health.ts';
import { makeOpensslIdentity } from '../../../packages/lab/src/openssl-identity.ts';
import { freePort } from '../../../packages/lab/src/ports.ts';
import { loader, programFiles } from '../../loader.ts';
import type { Bundle } from '../bundle.ts';
import { run } from '../shell.ts';
import { inOrder, type Place } from './place.ts';

/** What a code cache is made for. */
export interface CodeCacheOptions {
  /** The bundled agent. */
  readonly bundle: Bundle;
  /** The Node that will run it; it runs here as well. */
  readonly node: string;
  /** Made, and removed at the end. */
  readonly folder: string;
  /** Which functions are compiled: taken from there when it is of this program, else found by running it and left there. */
  readonly profile: string;
}

const NAME = 'warm-up.build.test';
const ADDRESS = '127.0.0.1';

/** What a start leaves to do beside it is done by then. */
const SETTLE_MS = 2_000;

/** What is executed beside the start differs by chance and with what else the machine does; what most runs executed counts. */
const RUNS = 9;

/** A host with nothing on it but certificates. */
interface WarmUpHost {
  readonly root: string;
  readonly port: number;
  readonly manager: ManagerIdentity;
}

async function makeHost(root: string): Promise<WarmUpHost> {
  const configuration = join(root, 'etc/linux_patch_api');
  mkdirSync(configuration, { recursive: true });
  const repository = { uri: 'file:/nowhere', suites: ['none'], keyringPath: '/nowhere' };
  const apt = await createPrivateAptRoot({ folder: root, repository });
  rmSync(join(apt.folder, 'etc/apt/sources.list.d/lab.sources'));
  const identity = await makeOpensslIdentity({
    folder: join(configuration, 'certs'),
    fqdn: NAME,
    address: ADDRESS,
  });
  const port = await freePort(ADDRESS);
  writeFileSync(join(root, 'etc/hostname'), `${NAME}\n`);
  writeFileSync(join(root, 'etc/machine-id'), `${'0123456789abcdef'.repeat(2)}\n`);
  writeFileSync(join(configuration, 'config.yaml'), `server: { bind: ${ADDRESS}, port: ${port} }\n`);
  writeFileSync(join(configuration, 'whitelist.yaml'), `entries: [${ADDRESS}]\n`);
  const read = (file: string): string => readFileSync(file, 'utf8');
  return {
    root,
    port,
    manager: {
      ca: read(identity.ca),
      cert: read(identity.clientCertificate),
      key: read(identity.clientKey),
    },
  };
}

/** Resolves when the agent listens. @throws with its words when it ends before. */
async function listening(agent: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const said: string[] = [];
  for (const stream of [agent.stdout, agent.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      if (line.includes('Listening on')) resolve();
    });
  }
  agent.once('exit', () => reject(new Error(`the agent did not start: ${said.join('\n')}`)));
  await promise;
}

/** The places of the functions that a start, an answer and the time after them execute, as JSON. */
async function executedOnce(options: CodeCacheOptions, file: string): Promise<string> {
  const root = join(options.folder, 'root');
  rmSync(root, { recursive: true, force: true });
  const host = await makeHost(root);
  const list = join(options.folder, 'executed.json');
  const args = [join(import.meta.dirname, 'executed.ts'), file, list, '--root', root];
  // Of the environment only what finds programs: another machine, another user and a service see the same.
  const agent = spawn(options.node, args, { env: { PATH: process.env.PATH } });
  const ended = once(agent, 'exit');
  await listening(agent);
  const where = { name: NAME, address: ADDRESS, port: host.port };
  await firstAnswer({ what: 'the agent', agent: where, identity: host.manager, patienceMs: 30_000 });
  await wait(SETTLE_MS);
  agent.stdin.end();
  await ended;
  return readFileSync(list, 'utf8');
}

/** The functions that more than half of the runs executed, in the order of the text. */
async function executed(options: CodeCacheOptions, file: string): Promise<Place[]> {
  const counts = new Map<string, number>();
  for (let count = 0; count < RUNS; count += 1) {
    for (const place of JSON.parse(await executedOnce(options, file)) as Place[]) {
      const key = JSON.stringify(place);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts]
    .filter(([, count]) => count > RUNS / 2)
    .map(([key]) => JSON.parse(key) as Place)
    .sort(inOrder);
}

/** Whether the Node of the package will take the cache. */
const TAKEN = `
const { readFileSync } = require('node:fs');
const [program, cachedData] = process.argv.slice(1).map((file) => readFileSync(file));
const script = new (require('node:vm').Script)(program.toString('latin1'), { cachedData });
process.exitCode = script.cachedDataRejected ? 1 : 0;`;

interface Profile {
  /** SHA-256 of the program, hex. */
  readonly program: string;
  readonly places: readonly Place[];
}

/** What a run executes depends a little on the machine and its load, so that it is an input of a build like its sources. */
async function placesOf(options: CodeCacheOptions, file: string): Promise<readonly Place[]> {
  const program = createHash('sha256').update(options.bundle.program).digest('hex');
  if (existsSync(options.profile)) {
    const known = JSON.parse(readFileSync(options.profile, 'utf8')) as Profile;
    if (known.program === program) return known.places;
  }
  const profile: Profile = { program, places: await executed(options, file) };
  // Whole or not at all: a build may be ended at any moment, and the next one believes what it finds.
  writeFileSync(`${options.profile}.new`, JSON.stringify(profile));
  renameSync(`${options.profile}.new`, options.profile);
  return profile.places;
}

/**
 * Compiles what the agent executes when it starts and answers: a code cache, the same bytes for the same profile.
 * @throws when the agent does not start here, or its Node refuses what was made
 */
export async function makeCodeCache(options: CodeCacheOptions): Promise<Uint8Array> {
  const { bundle, node, folder } = options;
  mkdirSync(folder, { recursive: true });
  for (const { name, program } of bundle.helpers) {
    const files = programFiles(name);
    writeFileSync(join(folder, files.loader), loader(name, program, undefined));
    writeFileSync(join(folder, files.program), program);
  }
  const [file, list, cache] = ['program.js', 'list.json', 'cache'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(file, bundle.program);
  writeFileSync(list, JSON.stringify(await placesOf(options, file)));
  // The seed of hashes decides about the order in tables; it is no part of what the engine compares.
  run(node, ['--random-seed=1', join(import.meta.dirname, 'compile.ts'), file, list, cache]);
  run(node, ['-e', TAKEN, file, cache]);
  const made = readFileSync(cache);
  rmSync(folder, { recursive: true });
  return made;
}
