import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitingHost } from '../../waiting-host.ts';
import type { FaultCase, FaultChapter } from '../fault-case.ts';

const CASES: readonly FaultCase[] = [
  {
    name: 'killed-while-waiting',
    fault:
      'The agent is killed, or the power fails, while it waits for approval; the approval comes meanwhile.',
    agentDoes: 'Goes on with the saved request, key and token at the next start.',
    sees: [{ where: 'log', text: 'Going on with the saved enrolment' }],
    async run(world) {
      await world.newHost();
      world.start();
      await waitingHost(world.host);
      world.agent.signal('SIGKILL');
      await world.agent.exited;
      await world.approve();
      await world.mend(async () => void world.start());
      await world.show();
    },
  },
  {
    name: 'killed-while-serving',
    fault: 'The agent is killed while it serves, with connections open.',
    agentDoes: 'Binds the same port at once and serves with the same identity.',
    sees: [{ where: 'status', text: 'Identity     valid' }],
    async run(world) {
      await world.serving();
      await world.ask();
      world.agent.signal('SIGKILL');
      await world.agent.exited;
      await world.show();
      await world.mend(async () => void world.start());
    },
  },
  {
    name: 'told-to-stop-while-waiting',
    fault: 'The agent is told to stop while it waits for approval.',
    agentDoes: 'Ends within two seconds, everything saved; the next start goes on.',
    sees: [{ where: 'exit code', text: '2' }],
    person: 'approves the host, as always',
    async run(world) {
      await world.newHost();
      world.start();
      const before = await waitingHost(world.host);
      world.agent.signal('SIGTERM');
      await world.show();
      await world.mend(async (gone) => {
        world.start();
        gone();
        const after = await waitingHost(world.host);
        if (after.request_id !== before.request_id) throw new Error('the next start made another request');
        await world.approve();
      });
    },
  },
  {
    name: 'second-instance',
    fault: 'Somebody starts a second agent on the same folders.',
    agentDoes: 'The second one names the first by its pid and ends with 1; the first goes on.',
    sees: [
      { where: 'exit code', text: '1' },
      { where: 'log', text: 'Another linux-patch-api already works with' },
    ],
    async run(world) {
      await world.serving();
      const first = world.agent;
      world.start();
      await world.show();
      const log = await readFile(first.logFile, 'utf8');
      if (!log.includes(`process ${first.pid},`)) throw new Error('the first agent is not named by its pid');
      await world.mend(async () => {});
    },
  },
];

const DECISIONS: readonly FaultCase[] = [
  {
    name: 'denied',
    fault: 'The request was denied, perhaps by mistake.',
    agentDoes:
      'Clears its token and ends cleanly, so that systemd leaves it; a person starting it asks once more.',
    sees: [
      { where: 'exit code', text: '0' },
      { where: 'log', text: 'refused this host: wrong machine' },
    ],
    person: 'starts the service, approves the host',
    async run(world) {
      await world.newHost();
      world.start();
      const { request_id: id, host_code: code } = await waitingHost(world.host);
      await world.manager.json('enrollments', 'deny', id, '--reason', 'wrong machine', '--code', code);
      await world.show();
      const kept = await readdir(join(world.host.root, 'var/lib/linux_patch_api'));
      if (kept.includes('enrollment.json')) throw new Error('the token of a denied request was kept');
      await world.mend(async (gone) => {
        world.start();
        gone();
        await world.approve();
      });
    },
  },
  {
    name: 'approved-without-code',
    fault: 'Somebody approved without the code although nothing else proves the manager.',
    agentDoes: 'The manager refuses that decision; the host goes on waiting.',
    sees: [{ where: 'status', text: 'waiting for approval' }],
    person: 'approves with the code that `status` shows',
    async run(world) {
      await world.newHost();
      world.start();
      const { request_id: id } = await waitingHost(world.host);
      const refused = await world.manager.json('enrollments', 'approve', id, '--no-code').then(
        () => false,
        () => true,
      );
      if (!refused) throw new Error('an approval without the code was taken');
      await world.show();
      await world.mend((gone) => {
        gone();
        return world.approve();
      });
    },
  },
  {
    name: 'join-token-over',
    fault: 'The join token of the host was revoked, is spent or expired.',
    agentDoes: 'Says why the token does not let it in, and waits for approval like any other host.',
    sees: [{ where: 'status', text: 'Join token' }],
    person: 'approves the host, or puts a new join string into the file',
    async run(world) {
      const made = (await world.manager.json('tokens', 'create')) as {
        join_string: string;
        token: { id: string };
      };
      await world.manager.json('tokens', 'revoke', made.token.id);
      const file = join(world.folder, 'join');
      await mkdir(world.folder, { recursive: true });
      await writeFile(file, `${made.join_string}\n`, { mode: 0o600 });
      await world.newHost([`join_file: ${file}`]);
      world.start();
      await world.show();
      await world.mend((gone) => {
        gone();
        return world.approve();
      });
    },
  },
];

export const CRASHES: FaultChapter = { title: 'The agent is stopped or killed', cases: CASES };
export const DECIDED: FaultChapter = { title: 'A decision went wrong', cases: DECISIONS };
