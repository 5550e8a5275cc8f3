import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { movableClock, shiftedClock } from '../../fake-time.ts';
import { askUntil } from '../../wait.ts';
import { waitingHost } from '../../waiting-host.ts';
import type { FaultCase, FaultChapter } from '../fault-case.ts';
import { letRenewalFail, servingSinceLongAgo } from '../long-ago.ts';
import type { FaultWorld } from '../world.ts';

/** Enrols a host in a world whose calendar is behind by so many days; agent and manager are stopped afterwards. */
async function enrolledInThePast(world: FaultWorld, days: number): Promise<void> {
  const past = shiftedClock(-days);
  const manager = await world.ownManager({ env: past });
  await world.newHost();
  const agent = world.start({ env: past });
  // By the manager's own command line, which lives in the same time.
  const { request_id: id, host_code: code } = await waitingHost(world.host);
  await manager.json('enrollments', 'approve', id, '--code', code);
  await agent.listening;
  agent.signal('SIGTERM');
  await agent.exited;
  await manager.kill();
}

const CASES: readonly FaultCase[] = [
  {
    name: 'expired-while-switched-off',
    fault: 'The host was switched off until its certificate had expired, less than a month ago.',
    agentDoes: 'Says so, renews with the expired certificate, and serves; nothing is copied by hand.',
    sees: [{ where: 'log', text: 'status=expired' }],
    async run(world) {
      await enrolledInThePast(world, 380);
      await world.mend(async (gone) => {
        await world.manager.start({});
        gone();
        world.start();
      });
      await world.show();
    },
  },
  {
    name: 'renewal-due-manager-down',
    fault: 'The manager is down when the certificate is to be renewed.',
    agentDoes:
      'Serves with the certificate that it has, says that the renewal fails, tries again, and renews by itself.',
    sees: [
      { where: 'log', text: 'The certificate could not be renewed; it is tried again' },
      { where: 'status', text: 'RENEWAL_FAILING' },
    ],
    async run(world) {
      const time = await servingSinceLongAgo(world);
      const before = (await world.ask())?.serial;
      await world.manager.kill();
      await letRenewalFail(world, time);
      await world.show();
      if ((await world.ask())?.serial !== before) throw new Error('the certificate was given up');
      const { renewal } = await world.host.status();
      await world.manager.start();
      await world.mend(
        () => time.moveTo(Date.parse(renewal?.next_attempt_at ?? '') + 1_000),
        (answer) => answer.serial !== before,
      );
    },
  },
  {
    name: 'current-set-damaged',
    fault: 'The certificates in use are damaged on disk, and an earlier set is whole.',
    agentDoes:
      'Serves on with what it has read; at the next start it takes the newest earlier set that passes every check.',
    sees: [{ where: 'log', text: 'the newest earlier set that passes every check is in use' }],
    async run(world) {
      const time = await servingSinceLongAgo(world);
      const first = (await world.ask())?.serial;
      await time.moveTo((await time.dueMs()) + 60_000);
      await askUntil('the renewed certificate', async () => {
        const answer = await world.ask();
        return answer && answer.serial !== first ? answer : undefined;
      });
      await truncate(join(world.host.root, 'etc/linux_patch_api/certs/server.pem'), 200);
      if ((await world.ask())?.serial === undefined) throw new Error('the agent served no more');
      world.agent.signal('SIGTERM');
      await world.agent.exited;
      await world.mend(
        async (gone) => {
          gone();
          world.start({ env: time.env });
        },
        (answer) => answer.serial === first,
      );
      await world.show();
    },
  },
  {
    name: 'own-certificate-revoked',
    fault: 'The certificate of the host was revoked, rightly or by mistake.',
    agentDoes:
      'Learns it from the signed list, says so, and asks to join again beside serving; a person decides.',
    sees: [{ where: 'status', text: 'Identity     revoked' }],
    person: 'approves the host once',
    async run(world) {
      await world.serving();
      const before = (await world.ask())?.serial ?? '';
      const { serial } = (await world.host.status()).identity;
      await world.manager.json('certificates', 'revoke', serial ?? '', '--reason', 'superseded');
      await world.show();
      await world.mend(
        (gone) => {
          gone();
          return world.approve();
        },
        (answer) => answer.serial !== before,
      );
    },
  },
  {
    name: 'clock-wrong',
    fault:
      'The clock of the host is ten years behind when the agent starts, so its certificate is not valid yet.',
    agentDoes:
      'Recognises the clock as the fault, keeps the certificate, enrols with nobody, waits until the clock is right.',
    sees: [
      { where: 'log', text: "This host's clock" },
      { where: 'log', text: 'behind' },
    ],
    async run(world) {
      await world.serving();
      const before = (await world.ask())?.serial;
      world.agent.signal('SIGTERM');
      await world.agent.exited;
      const time = join(world.folder, 'time');
      await writeFile(time, '-3650d\n');
      world.start({ env: movableClock(time) });
      await world.show();
      await world.mend(
        () => writeFile(time, '+0\n'),
        (answer) => answer.serial === before,
      );
    },
  },
];

export const RENEWALS: FaultChapter = { title: 'Renewal, revocation and time', cases: CASES };
