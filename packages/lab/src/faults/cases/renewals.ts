import { readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { movableClock, shiftedClock } from '../../fake-time.ts';
import type { FaultCase, FaultChapter } from '../fault-case.ts';
import type { Front } from '../front.ts';
import type { FaultWorld } from '../world.ts';

/** Enrols a host in a world whose calendar is behind by so many days; agent and manager are stopped afterwards. */
async function enrolledInThePast(world: FaultWorld, days: number): Promise<Front> {
  const past = shiftedClock(-days);
  const manager = await world.ownManager({ env: past });
  const front = await world.openFront();
  await world.newHost();
  const agent = world.start({ env: past });
  await world.approve();
  await agent.listening;
  agent.signal('SIGTERM');
  await agent.exited;
  await manager.kill();
  return front;
}

const CASES: readonly FaultCase[] = [
  {
    name: 'renewal-due-manager-down',
    fault: 'The renewal is due and the manager is down.',
    agentDoes:
      'Serves with what it has, tries again with backoff, health is degraded; renews when the manager is back, without dropping a connection.',
    sees: [{ where: 'log', text: 'The certificate could not be renewed' }],
    async run(world) {
      await enrolledInThePast(world, 330);
      await world.start().listening;
      await world.show();
      const before = (await world.ask())?.serial;
      if (before === undefined) throw new Error('the agent does not serve while its renewal fails');
      await world.mend(
        () => world.manager.start(),
        (answer) => answer.serial !== before,
      );
    },
  },
  {
    name: 'expired-while-switched-off',
    fault: 'The host was switched off until its certificate had expired.',
    agentDoes: 'Says so and comes back by itself or by one approval; nothing is copied by hand.',
    sees: [{ where: 'log', text: 'status=expired' }],
    person: 'approves the host once',
    async run(world) {
      await enrolledInThePast(world, 395);
      await world.manager.start();
      world.start();
      await world.show();
      await world.mend((gone) => {
        gone();
        return world.approve();
      });
    },
  },
  {
    name: 'manager-replaced',
    fault: 'Another manager, with another CA, answers at the address of the old one.',
    agentDoes:
      'Believes only the CA that it has: no renewal, no new identity; it goes on serving its old manager until a person decides.',
    sees: [{ where: 'log', text: 'The certificate could not be renewed' }],
    async run(world) {
      const front = await enrolledInThePast(world, 330);
      const old = world.manager;
      front.leadTo((await world.strangeManager()).url);
      await world.start().listening;
      await world.show();
      const before = (await world.ask())?.serial;
      if (before === undefined) throw new Error('the agent does not serve its old manager any more');
      await world.mend(
        async () => {
          await old.start();
          front.leadTo(old.url);
        },
        (answer) => answer.serial !== before,
      );
    },
  },
  {
    name: 'set-damaged',
    fault: 'The current set of certificates is damaged, for example by a disk; an earlier set is still good.',
    agentDoes: 'Goes back to the newest earlier set that passes every check, says so loudly, serves.',
    sees: [{ where: 'log', text: 'the newest earlier set that passes every check is in use' }],
    async run(world) {
      await enrolledInThePast(world, 330);
      const first = (await world.host.status()).identity.serial;
      await world.manager.start();
      await world.start().listening;
      await world.mend(
        async () => {},
        (answer) => answer.serial !== first,
      );
      world.agent.signal('SIGTERM');
      await world.agent.exited;
      const folder = join(world.host.root, 'etc/linux_patch_api/certs/generations');
      const newest = (await readdir(folder)).sort().at(-1) ?? '';
      await truncate(join(folder, newest, 'server.pem'), 100);
      await world.mend(async () => void world.start());
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
