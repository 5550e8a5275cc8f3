import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeCommands } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { onTestFinished } from 'vitest';
import { childWorker } from '../../src/worker-link/child-worker.ts';
import { openWorkerLink } from '../../src/worker-link/link.ts';

/** How the worker behaves: as it should, or in one way in which it can fail. */
export type Behaviour =
  | 'answers'
  | 'refuses'
  | 'does not understand'
  | 'is killed'
  | 'crashes'
  | 'is cut off'
  | 'talks nonsense'
  | 'says less than it must'
  | 'never ends';

/** A program that takes requests as the worker does. Its packages are in `db.json`, and each request leaves a line. */
const PROGRAM = `
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
const [root] = process.argv.slice(2);
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { value: line } = await input.next();
const { op, bytes, unlessBusy } = JSON.parse(line);
const body = bytes === undefined ? '' : ' ' + (await input.next()).value;
appendFileSync(root + '/asked', line + body + '\\n');
const behaviour = readFileSync(root + '/behaviour', 'utf8');
const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
const db = root + '/db.json';
const facts = statSync(db);
const key = createHash('sha256').update(db + ':' + [facts.ino, facts.mtimeMs, facts.size].join(':')).digest('hex');
const listing = () => ({
  manager: 'apt', key, watched: { files: [db], folders: [] },
  packages: JSON.parse(readFileSync(db, 'utf8')).map(([name, version]) => ({
    name, version, architecture: 'amd64', status: 'installed', upgradable: false, latest_version: version,
    description: '', size_bytes: null, held: false, origin: null, security: false, cve_ids: [],
  })),
  versionRanks: JSON.parse(readFileSync(db, 'utf8')).map(([, version]) => version.length),
  updates: { patches: [], hiddenSecurity: [] },
  sources: [{ id: 'shelf:', uri: 'shelf:', security: false, present: true }],
  listedAtMs: 1000,
});
const stored = JSON.parse(readFileSync(db, 'utf8'));
const state = () => ({
  key, watched: { files: [db], folders: [] },
  reboot: { required: stored.some(([name]) => name === 'linux'), reasons: [] },
  clean: !stored.some(([name]) => name === 'broken'),
  health: stored.some(([name]) => name === 'broken') ? 'not configured: broken' : 'ok',
  ...(existsSync(root + '/busy') ? { busy: 'apt (process 7)' } : {}),
});
const instance = () => ({ instanceId: readFileSync(root + '/instance', 'utf8'), origin: 'kept' });
const refused = (code) => ({ kind: 'refused', error: { code, message: 'No.', details: {} } });
const start = () => refused('INSTANCE_MISMATCH');
const cancel = () => refused('SIGNATURE_INVALID');
const sources = () => listing().sources;
const refresh = () => ({
  failed: [{ source: 'shelf:', reason: 'It is empty.', code: 'NETWORK_ERROR', security: false }],
  sources: sources(),
});
const snapshot = () => (unlessBusy && existsSync(root + '/busy') ? null : listing());
const plan = () => ({
  steps: [{ action: 'remove', name: 'toy', architecture: 'amd64', from: '1', to: null, purge: false, asked: true }],
  hash: 'ab'.repeat(32), left: [], reboot: 'no', plannedAtMs: 1000,
});
switch (behaviour) {
  case 'answers': say({ v: 1, ok: true, value: { snapshot, state, plan, sources, refresh, instance, start, cancel }[op]() }); break;
  case 'refuses': say({ v: 1, ok: false, error: { code: 'PKG_MANAGER_ERROR', message: 'dpkg says no', details: { exit_code: 2 } } }); break;
  case 'does not understand': say({ v: 1, ok: false, error: { code: 'INVALID_REQUEST', message: 'op: no such thing', details: {} } }); break;
  case 'is killed': process.kill(process.pid, 'SIGKILL'); break;
  case 'crashes': console.error('node:internal/modules/run_main:1\\nError: Cannot find module \\u001b[31mzod'); process.exit(1);
  case 'is cut off': process.stdout.write(JSON.stringify({ v: 1, ok: true, value: listing() }).slice(0, 100)); break;
  case 'talks nonsense': process.stdout.write('hello\\n'); break;
  case 'says less than it must': say({ v: 1, ok: true, value: { ...listing(), packages: [{ name: 'toy' }] } }); break;
  case 'never ends': setInterval(() => {}, 1000); break;
}
`;

/** A host with such a worker, and the real way to it. */
export async function doubleWorker() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const root = folder.path;
  const program = join(root, 'worker.mjs');
  await writeFile(program, PROGRAM);
  await writeFile(join(root, 'asked'), '');
  const put = (...packages: readonly (readonly [name: string, version: string])[]) =>
    writeFile(join(root, 'db.json'), JSON.stringify(packages));
  const behave = (behaviour: Behaviour) => writeFile(join(root, 'behaviour'), behaviour);
  await put(['toy', '1']);
  await behave('answers');
  const logger = memoryLogger();
  const commands = nodeCommands({}, { 'linux-patch-worker': [process.execPath, program, root] });
  const link = openWorkerLink(childWorker({ commands, hostArguments: ['--root', root] }));
  onTestFinished(() => link[Symbol.dispose]());
  return {
    root,
    link,
    logger,
    /** Which installation it says that this is. */
    isInstance: (id: string) => writeFile(join(root, 'instance'), id),
    put,
    behave,
    /** The requests so far. */
    asked: async () => (await readFile(join(root, 'asked'), 'utf8')).split('\n').filter(Boolean),
    forgetAsked: () => writeFile(join(root, 'asked'), ''),
    /** Whether somebody works with the packages. */
    busy: (is: boolean) => (is ? writeFile(join(root, 'busy'), '') : rm(join(root, 'busy'), { force: true })),
    append: (text: string) => appendFile(join(root, 'db.json'), text),
  };
}
