import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  generateJobKey,
  jobKeyFingerprint,
  jobPublicKey,
  parseCertificate,
  signKeyChange,
  vouchForJobKey,
} from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { ownProgram } from '@linux-patch/runtime/testing';
import type { LabHost } from '../../agent-process.ts';
import { askUntil } from '../../wait.ts';
import type { AttackCase } from '../attack-case.ts';

const WORKER = ownProgram('linux-patch-worker');
const PIN = 'etc/linux_patch_api/job-key.json';

export const AGENTS_USER: AttackCase = {
  name: 'signed-agents-user',
  tried:
    "Whoever runs code as the agent's user tells the worker of a job key of its own, before the host has joined by string and after: offered with a CA of its own and with the manager's, signed by itself as the next one, and in the name of root.",
  now: 'Before, only a key that the CA of the join string certified is taken; after, only one that the pinned key signed. What root alone may say is refused, and the manager patches as before.',
  async run(world) {
    const manager = await world.manager();
    const host = await world.host(manager);
    const { join_string } = (await manager.json('tokens', 'create')) as { join_string: string };
    await writeFile(join(host.root, 'etc/linux_patch_api/join'), join_string, { mode: 0o600 });
    const words = await wordsOf(await testAuthority({ now: Date.now() }), await world.caOf(manager));
    const before = await tellAll(host, words);
    if ((await readPin(host)) !== undefined) throw new Error('a key was pinned before the host joined');
    const agent = world.use(host.start());
    await agent.listening;
    const pinned = await askUntil('the host to pin the key of its manager', () => readPin(host));
    const after = await tellAll(host, words);
    if ((await readPin(host)) !== pinned) throw new Error('another key took the place of the pinned one');
    await manager.json('patch', host.name, '--all');
    return `${before + after} words to the worker changed nothing; the manager itself patches`;
  },
};

type Word = Readonly<Record<string, unknown>>;

/** What somebody says who has a key and a CA of their own. */
async function wordsOf(stranger: TestAuthority, managersCa: string): Promise<Word[]> {
  const [own, other] = [await generateJobKey(), await generateJobKey()];
  const key = jobPublicKey(own);
  const { certificatePem } = stranger.root;
  const vouched = vouchForJobKey(key, stranger.root, parseCertificate(certificatePem).spkiSha256);
  // The word of the manager's CA, forged.
  const forged = { ...vouched, ca: parseCertificate(managersCa).spkiSha256 };
  const roots = certificatePem + managersCa;
  const changes = [signKeyChange(other, key)];
  const offers = [
    { key, vouchers: [vouched], changes: [] },
    { key, vouchers: [vouched, forged], changes },
  ];
  return [
    ...offers.map((offer) => ({ kind: 'offered', offer, roots })),
    ...offers.map((offer) => ({ kind: 'chosen', offer, roots, installed: true })),
    { kind: 'trusted', fingerprint: jobKeyFingerprint(key) },
    { kind: 'trusted', fingerprint: null },
    { kind: 'left' },
  ];
}

async function tellAll(host: LabHost, words: readonly Word[]): Promise<number> {
  for (const word of words) {
    const answer = await tellWorker(host, word);
    if (answer.includes('"kind":"pinned"')) throw new Error(`${JSON.stringify(word)}: ${answer}`);
  }
  return words.length;
}

/** Over a connection that is handed over as systemd does: the one way that the agent's user has to the worker. */
async function tellWorker({ root }: LabHost, word: Word): Promise<string> {
  const body = JSON.stringify(word);
  const line = JSON.stringify({ v: 1, op: 'take-job-key', bytes: Buffer.byteLength(body) });
  const script = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"';
  const child = spawn('/bin/sh', ['-c', script, 'sh', WORKER, 'request', '--root', root], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const socket = child.stdio[3] as Duplex;
  socket.on('error', () => {});
  socket.write(`${line}\n${body}`);
  return text(socket);
}

async function readPin({ root }: LabHost): Promise<string | undefined> {
  const stored = await readFile(join(root, PIN), 'utf8').catch(() => '{}');
  return (JSON.parse(stored) as { pinned?: string | null }).pinned ?? undefined;
}
