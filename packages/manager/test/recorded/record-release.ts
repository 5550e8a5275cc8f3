import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { parseCrl } from '@linux-patch/pki';
import { newAgent, newOlderAgent, type Reachable, renew, serialOf } from '../agents.ts';
import { startManagerProgram } from '../manager-program.ts';

/** What is known of a recorded manager beside its files. */
export interface Recorded {
  /** When it stopped, epoch milliseconds. */
  readonly atMs: number;
  /** Hosts that may renew. */
  readonly identities: readonly Parameters<typeof renew>[1][];
  /** Requests that nobody decided about. */
  readonly waiting: { readonly requestId: string; readonly code: string };
  /** A join token that has uses left. */
  readonly joinString: string;
  /** Of the revocation list of the manager's certificates. */
  readonly listNumber: string;
}

async function joined(old: Reachable): Promise<Parameters<typeof renew>[1]> {
  const agent = await newAgent(old);
  const { server_crt: certificateChainPem } = await agent.join();
  ok(await agent.acknowledge(serialOf(certificateChainPem)));
  return { certificateChainPem, keyPem: agent.keyPem };
}

function ok<A extends { readonly status: number; readonly text: string }>(answer: A): A {
  if (answer.status < 300) return answer;
  throw new Error(`${answer.status} ${answer.text}`);
}

/** Hosts in every state, tokens and decisions. */
async function fillFleet(old: Reachable): Promise<Omit<Recorded, 'atMs' | 'listNumber'>> {
  const fresh = await joined(old);
  const renewed = await joined(old);
  ok(await renew(old, renewed));
  const revoked = await joined(old);
  const serial = serialOf(revoked.certificateChainPem);
  ok(await old.admin(`/certificates/${serial}/revoke`, { reason: 'keyCompromise' }));
  const waiting = await newAgent(old);
  ok(await waiting.register());
  const approved = await newAgent(old);
  ok(await approved.register());
  ok(await approved.approve());
  const denied = await newAgent(old);
  ok(await denied.register());
  ok(await old.admin(`/enrollments/${denied.requestId}/deny`, { reason: 'not ours' }));
  const older = newOlderAgent(old);
  ok(await older.register());
  ok(await older.approve());
  ok(await newOlderAgent(old).register());
  const made = async (wish: object) =>
    ok(await old.admin('/tokens', wish)).json().data as unknown as {
      readonly token: { readonly id: string };
      readonly join_string: string;
    };
  ok(await old.admin(`/tokens/${(await made({})).token.id}/revoke`, {}));
  const { join_string: joinString } = await made({ uses: 50 });
  ok(await (await newAgent(old, { joinString })).register());
  const { requestId, code } = waiting;
  return { identities: [fresh, renewed], waiting: { requestId, code }, joinString };
}

/** Records what a manager of an earlier release keeps: `record-release.ts FOLDER VERSION`, its sources with their dependencies being in the folder. */
const [folder = '', version = ''] = process.argv.slice(2);
const settings = { fleet: { poll_minutes: 0 }, enrollment: { allow_legacy_agents: true } };
await using manager = await startManagerProgram(settings, [
  process.execPath,
  join(folder, 'packages/manager/src/main.ts'),
]);
const token = (await readFile(manager.paths.adminToken, 'utf8')).trim();
const filled = await fillFleet({
  ...manager,
  admin: (path, body) =>
    manager.call({
      path: `/api/v1${path}`,
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}` },
      body,
    }),
});
const { number: listNumber = 0n } = parseCrl((await manager.call({ path: '/api/v1/pki/crl.pem' })).text);
await manager.kill('SIGTERM');
const recorded: Recorded = { atMs: Date.now(), listNumber: String(listNumber), ...filled };
const out = join(import.meta.dirname, `manager-${version}`);
await writeFile(`${out}.json`, `${JSON.stringify(recorded, null, 2)}\n`);
await promisify(execFile)('tar', ['-C', manager.folder, '-czf', `${out}.tar.gz`, '.']);
