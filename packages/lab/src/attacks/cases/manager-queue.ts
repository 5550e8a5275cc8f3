import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readProcess } from '../../bench/proc.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import type { AttackCase } from '../attack-case.ts';
import { callAsStranger, type StrangersAnswer } from '../stranger.ts';

interface Listed {
  readonly total: number;
  readonly enrollments: readonly {
    readonly fqdn: string;
    readonly observed_address: string;
    readonly conflicts: readonly string[];
    readonly conflicts_total: number;
  }[];
}

/** A request as an agent of the older generation makes it, for which a stranger needs no key. */
function ask(
  { url }: ManagerProcess,
  from: string,
  facts: Readonly<Record<string, unknown>> = {},
): Promise<StrangersAnswer> {
  const name = randomBytes(6).toString('hex');
  const body = {
    machine_id: randomBytes(16).toString('hex'),
    fqdn: `${name}.lab.test`,
    ip_address: '192.0.2.1',
    os_details: {},
    ...facts,
  };
  return callAsStranger({ url, path: '/api/v1/enroll', body, from });
}

const OPEN = 'allow_legacy_agents: true';

/** A manager that takes such requests, with more lines of its `enrollment` section. */
function settings(...lines: readonly string[]): { readonly configuration: readonly string[] } {
  return { configuration: ['enrollment:', ...lines.map((line) => `  ${line}`)] };
}

export const HOSTILE_FACTS: AttackCase = {
  name: 'b1-hostile-facts',
  tried:
    'A stranger asks to join with facts about its system that are nested 1,200 deep, are objects where texts belong, or steer a terminal.',
  now: 'What is nested that deep is refused. Known members with short printable text are kept, the rest is dropped; every listing shows every request.',
  async run(world) {
    const manager = await world.manager(settings(OPEN));
    let deep: unknown = 1;
    for (let depth = 0; depth < 1_200; depth += 1) deep = { a: deep };
    const nested = await ask(manager, world.address, { os_details: deep });
    if (nested.status !== 400) throw new Error(`nested facts: ${nested.status} ${nested.text}`);
    const facts: Record<string, unknown>[] = [
      { distro: { a: { b: [1] } } },
      { distro: { toString: 1 } },
      { distro: '\u001b[2J', x: 'y'.repeat(9_000) },
    ];
    for (const os_details of facts) {
      const answer = await ask(manager, world.address, { os_details });
      if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`);
    }
    const { enrollments } = (await manager.json('enrollments', 'list')) as Listed;
    if (enrollments.length !== facts.length) throw new Error(`${enrollments.length} are listed`);
    for (const { fqdn } of enrollments) await manager.json('enrollments', 'show', fqdn);
    const lines: string[] = [];
    const code = await manager.show((line) => lines.push(line), 'enrollments', 'list');
    if (code !== 0) throw new Error(`the list ends with ${code}: ${lines.join('\n')}`);
    return `nested facts 400; ${facts.length} other requests, all listed and shown`;
  },
};

const SAME_NAME = 1_200;

export const ONE_NAME: AttackCase = {
  name: 'b2-one-name',
  tried: `A stranger sends ${SAME_NAME} requests to join that all have the name of one host, each of another machine.`,
  now: 'The list is a page of 100 and a number, and each request names five conflicts and says how many more there are; it costs what a hundred others cost.',
  async run(world) {
    const manager = await world.manager(settings(OPEN, 'requests_per_minute: 100000'));
    const before = await readProcess(manager.program.pid);
    for (let sent = 0; sent < SAME_NAME; sent += 20)
      await Promise.all(
        Array.from({ length: 20 }, () => ask(manager, world.address, { fqdn: 'web1.lab.test' })),
      );
    const startedMs = performance.now();
    const page = (await manager.json('enrollments', 'list')) as Listed;
    const tookMs = performance.now() - startedMs;
    const more = (await readProcess(manager.program.pid)).rssAnonMb - before.rssAnonMb;
    const [one] = page.enrollments;
    if (page.total !== SAME_NAME || page.enrollments.length !== 100)
      throw new Error(`a page has ${page.enrollments.length} of ${page.total}`);
    if (one?.conflicts.length !== 5 || one.conflicts_total !== SAME_NAME - 1)
      throw new Error(`a request has ${one?.conflicts.length} of ${one?.conflicts_total} conflicts`);
    if (tookMs > 15_000 || more > 250)
      throw new Error(`${Math.round(tookMs)} ms, ${Math.round(more)} MB more`);
    return `listed in ${Math.round(tookMs)} ms with the start of the command, ${Math.round(more)} MB more memory`;
  },
};

export const FULL_QUEUE: AttackCase = {
  name: 'b7-full-queue',
  tried: 'A stranger sends 120 requests to join from one address to a manager whose queue has room for 60.',
  now: 'It gets half of the queue; each more replaces its own oldest. Hosts of other addresses get in, and those that wait stay.',
  async run(world) {
    const manager = await world.manager(settings(OPEN, 'max_pending: 60'));
    const waiting = await ask(manager, '127.0.9.210');
    const { polling_token: token } = JSON.parse(waiting.text) as { polling_token: string };
    for (let number = 0; number < 120; number += 1) await ask(manager, world.address);
    const later = await Promise.all(
      Array.from({ length: 40 }, (_, index) => ask(manager, `127.0.9.${index + 1}`)),
    );
    const refused = later.filter((one) => one.status !== 202);
    if (refused.length > 0) throw new Error(`${refused.length} others are refused: ${refused[0]?.text}`);
    const poll = await callAsStranger({ url: manager.url, path: `/api/v1/enroll/status/${token}` });
    if (!poll.text.includes('pending')) throw new Error(`who waited before lost its place: ${poll.text}`);
    const { enrollments } = (await manager.json('enrollments', 'list')) as Listed;
    const own = enrollments.filter((one) => one.observed_address === world.address).length;
    if (own > 30) throw new Error(`the stranger has ${own} places`);
    return `${own} of 60 places are the stranger's, 41 of others`;
  },
};

export const OLDER_AGENTS: AttackCase = {
  name: 'c2-older-agents',
  tried:
    'A stranger behind the address of a host repeats its request without a key, and reads the answer after the host did; another asks without a key where the manager was just installed.',
  now: 'The second is refused (403), the first gets a conflict (409) and no token; the bundle with the private key is read once.',
  async run(world) {
    const installed = await world.manager();
    const closed = await ask(installed, world.address);
    if (closed.status !== 403) throw new Error(`a new manager answers ${closed.status} ${closed.text}`);
    const manager = await world.manager(settings(OPEN));
    const facts = { machine_id: 'a'.repeat(32), fqdn: 'old.lab.test' };
    const first = await ask(manager, world.address, facts);
    const again = await ask(manager, world.address, facts);
    if (again.status !== 409 || again.text.includes('polling_token'))
      throw new Error(`repeating it gives ${again.status} ${again.text}`);
    const { polling_token: token } = JSON.parse(first.text) as { polling_token: string };
    await manager.json('enrollments', 'approve', 'old.lab.test', '--no-code');
    const path = `/api/v1/enroll/status/${token}`;
    const reads = await Promise.all([1, 2, 3].map(() => callAsStranger({ url: manager.url, path })));
    const keys = reads.filter((one) => one.text.includes('PRIVATE KEY')).length;
    if (keys !== 1) throw new Error(`the private key was read ${keys} times`);
    return '403, 409, one read of three';
  },
};

export const AUDIT_FLOOD: AttackCase = {
  name: 'c5-audit-flood',
  tried: 'A stranger fills the audit log from one address: 400 requests to join, each in another name.',
  now: 'It causes 240 rows an hour at most; the rest is counted and summed up in one row.',
  async run(world) {
    const manager = await world.manager(settings(OPEN, 'requests_per_minute: 1000'));
    for (let number = 0; number < 400; number += 1) await ask(manager, world.address);
    manager.program.signal('SIGTERM');
    await manager.program.exited;
    using database = new DatabaseSync(join(manager.root, 'var/lib/linux_patch_manager/manager.sqlite'), {
      readOnly: true,
    });
    const rows = database.prepare('select event, fields from audit').all() as {
      event: string;
      fields: string;
    }[];
    const own = rows.filter((row) => row.event === 'enrollment_requested').length;
    const sums = rows.filter((row) => row.event === 'stranger_events_summed');
    if (own !== 240 || sums.length !== 1 || !sums[0]?.fields.includes('"enrollment_requested":160'))
      throw new Error(`${own} rows, sums: ${JSON.stringify(sums)}`);
    return '240 rows for 400 requests, and one for the other 160';
  },
};

export const MAPPED_ADDRESSES: AttackCase = {
  name: 'c12-rate-limits',
  tried:
    'A stranger uses up the rate limit of its IPv4 address at a manager that listens on IPv6, where such addresses look like one /64.',
  now: 'IPv4 written as IPv6 counts as IPv4, so only the stranger is slowed down; real IPv6 callers count by /64.',
  async run(world) {
    const manager = await world.manager(settings(OPEN, 'requests_per_minute: 20'));
    const file = join(manager.root, 'etc/linux_patch_manager/config.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/bind: \S+/, "bind: '::'"));
    await manager.kill();
    await manager.start();
    let slowed = 0;
    for (let number = 0; number < 30; number += 1)
      if ((await ask(manager, world.address)).status === 429) slowed += 1;
    const other = await ask(manager, '127.0.9.220');
    if (slowed < 8 || other.status !== 202)
      throw new Error(`${slowed} slowed down; another address gets ${other.status}`);
    return `${slowed} of 30 slowed down, another address is served`;
  },
};
