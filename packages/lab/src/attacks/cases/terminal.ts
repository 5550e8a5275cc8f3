import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LabHost } from '../../agent-process.ts';
import { MANAGER_PROGRAM } from '../../checkout.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import { runProgram } from '../../process.ts';
import { waitingHost } from '../../waiting-host.ts';
import type { AttackCase } from '../attack-case.ts';
import { openHostileAgent } from '../hostile-agent.ts';
import { callAsStranger } from '../stranger.ts';
import type { AttackWorld } from '../world.ts';

/** Clears the screen, sets the title, answers for the person, reorders, hides, begins a line: C0, C1, bidi, tags. */
const PAYLOAD = '\u001b[2J\u001b]0;owned\u0007\u009b6n\r\nfake line\u202e\u2066\u200b\u2028\u{e0041}\u007f';

/** What no terminal may get from a program of ours: everything but line feeds and printable text. */
const RAW = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;

const LISTS = {
  status: 'stale',
  message: PAYLOAD,
  refreshed_at: null,
  sources: [
    {
      uri: PAYLOAD,
      label: PAYLOAD,
      suite: PAYLOAD,
      codename: null,
      security: false,
      present: true,
      published_at: null,
      valid_until: null,
      error: PAYLOAD,
    },
  ],
};

const STEP = {
  action: 'remove',
  name: PAYLOAD,
  architecture: PAYLOAD,
  from: PAYLOAD,
  to: null,
  purge: true,
  asked: false,
};

const PLAN = {
  plan_hash: 'ab'.repeat(32),
  steps: [STEP],
  new_packages: [PAYLOAD],
  removed_packages: [PAYLOAD],
  left_out: [
    {
      name: PAYLOAD,
      from: PAYLOAD,
      to: PAYLOAD,
      security: true,
      asked: true,
      why: 'refused',
      reason: PAYLOAD,
      removals: [PAYLOAD],
    },
  ],
  download_bytes: 1,
  disk_bytes: null,
  reboot: 'unknown',
  busy: PAYLOAD,
  planned_at: '2026-11-23T12:00:00.000Z',
  lists: LISTS,
};

const DIFFERENCE = {
  plan_hash: PLAN.plan_hash,
  known: true,
  added: [STEP],
  removed: [STEP],
  changed: [{ before: STEP, now: STEP }],
  more: 1,
};

const JOB = {
  job_id: '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc',
  operation: 'patch_apply',
  status: 'failed',
  state: 'failed',
  progress: 0,
  progress_percent: 0,
  message: PAYLOAD,
  packages: [PAYLOAD],
  created_at: '2026-11-23T12:00:00.000Z',
  started_at: null,
  updated_at: '2026-11-23T12:00:00.000Z',
  completed_at: null,
  logs: [PAYLOAD],
  output: PAYLOAD,
  error: PAYLOAD,
  error_code: PAYLOAD,
  error_details: { removals: [PAYLOAD], difference: DIFFERENCE },
  exit_code: null,
  command_stdout: PAYLOAD,
  command_stderr: PAYLOAD,
  results: [{ name: PAYLOAD, action: 'failed', version_before: PAYLOAD, version_after: null }],
  rollback_job_id: null,
  exclusive_mode: false,
};

const ACCEPTED = {
  job_id: JOB.job_id,
  status: 'pending',
  operation: 'patch_apply',
  packages: [PAYLOAD],
  package: null,
};

function check(what: string, text: string): void {
  const raw = RAW.exec(text)?.[0];
  if (raw !== undefined)
    throw new Error(`${what} shows U+${raw.codePointAt(0)?.toString(16)} of somebody else's`);
  if (/^fake line/m.test(text)) throw new Error(`${what} shows a line of somebody else's`);
}

/** The same of what keeps those words. */
function checkKept(what: string, text: string): void {
  if (!text.includes('owned')) throw new Error(`${what} does not have the words that were sent`);
  check(what, text);
}

/** Refuses a host provably with these words, which its log and its audit log keep. */
async function refuseWith(words: string, world: AttackWorld, manager: ManagerProcess): Promise<LabHost> {
  const host = await world.host(manager);
  const agent = world.use(host.start());
  const { request_id: id, host_code: code } = await waitingHost(host);
  await manager.json('enrollments', 'deny', id, '--code', code, '--reason', words);
  await agent.exited;
  return host;
}

/** What the audit log of a manager says of its events. */
function auditedBy({ root }: ManagerProcess): string {
  const path = join(root, 'var/lib/linux_patch_manager/manager.sqlite');
  using database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare('select fields from audit').all() as { readonly fields: string }[];
  return rows.map((row) => row.fields).join('\n');
}

export const TERMINAL: AttackCase = {
  name: 'b4-terminal',
  tried:
    'A stranger in a request to join, a host in its answers, errors and job progress, and a manager in the reason of a refusal, send escape sequences, C1 and bidirectional controls, hidden characters and line ends.',
  now: 'Each is shown by its number, in text and in JSON, in the logs and audit logs of manager and host; nobody begins a line.',
  // Two dozen starts of the program, which share two processors with everything else.
  limitMs: 240_000,
  async run(world) {
    const manager = await world.manager({ configuration: ['enrollment:', '  allow_legacy_agents: true'] });
    const host = await world.servingHost(manager);
    let answers = 0;
    const hostile = world.use(
      await openHostileAgent(host, (method, path) => {
        answers += 1;
        if (path.startsWith('/api/v1/jobs/')) return { data: JOB };
        if (path === '/api/v1/jobs') return { data: { jobs: [JOB], total: 1, limit: null, offset: 0 } };
        if (path.startsWith('/api/v1/patches/plan')) return { data: PLAN };
        if (method === 'POST') return { data: ACCEPTED };
        return { code: `X${PAYLOAD}`, message: PAYLOAD };
      }),
    );
    await manager.json('hosts', 'set', host.name, '--port', String(hostile.port));
    await callAsStranger({
      url: manager.url,
      path: '/api/v1/enroll',
      body: {
        machine_id: 'a'.repeat(32),
        fqdn: 'stranger.lab.test',
        hostname: 'stranger',
        ip_address: '198.18.0.9',
        os_details: { distro: PAYLOAD, version: PAYLOAD, [PAYLOAD]: PAYLOAD },
      },
    });
    const refused = await refuseWith(PAYLOAD, world, manager);
    const commands = [
      ['enrollments', 'list'],
      ['enrollments', 'show', 'stranger.lab.test'],
      ['enrollments', 'show', PAYLOAD.replaceAll('\u0000', '')],
      ['packages', host.name],
      ['patches', host.name],
      ['jobs', host.name],
      ['jobs', host.name, JOB.job_id],
      ['patch', host.name, '--all', '--dry-run'],
      ['patch', host.name, '--all', '--wait'],
      ['hosts', 'list'],
      ['hosts', 'show', host.name],
      ['audit', 'list'],
    ];
    for (const command of commands) {
      const tries = [command, [...command, '--json']].map(async (args) => {
        const result = await runProgram(MANAGER_PROGRAM, ['--root', manager.root, ...args]);
        check(args.join(' '), `${result.stdout}${result.stderr}`);
        if (args.includes('--json') && result.stdout !== '') JSON.parse(result.stdout);
      });
      await Promise.all(tries);
    }
    const at = (host: LabHost, name: string) => readFile(join(host.root, name), 'utf8');
    check('the log', await readFile(join(manager.root, 'manager.log'), 'utf8'));
    checkKept('the audit log', auditedBy(manager));
    checkKept('the log of a host', await at(refused, 'agent.log'));
    checkKept('the audit log of a host', await at(refused, 'var/log/linux_patch_api/audit.log'));
    if (answers < 14) throw new Error(`the host was asked ${answers} times only, so it had no say`);
    return `${commands.length * 2} commands, ${answers} hostile answers, four logs, nothing raw`;
  },
};
