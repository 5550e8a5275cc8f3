import type { HostJobKey } from '@linux-patch/contract';
import { jobKeyFingerprint } from '@linux-patch/pki';
import { nodeCommands } from '@linux-patch/runtime/node';
import { diskState } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';
import { startCurrentManager } from './current-manager.ts';
import { dyingFiles } from './dying-files.ts';
import { bringOffer, byCommand, joinWithKey, offerBy, pinOf } from './job-key-offers.ts';
import { createJoiningHost, type JoiningHost, NOW } from './joining-host.ts';

const real = nodeCommands({}, OWN_PROGRAMS);
const LIMIT_MS = 1_800_000;

it(
  'a host that is given another manager, killed at every change, has certificates and job key of the old one, or those of the new one after the next start',
  async () => {
    await using before = await startCurrentManager(NOW);
    await using after = await startCurrentManager(NOW);
    const [oldOffer, newOffer] = [await offerBy(before.authority), await offerBy(after.authority)];
    bringOffer(after, newOffer);
    const newPin: HostJobKey = { pinned: jobKeyFingerprint(newOffer.key), by: 'root', foreign: null };
    await using joined = await createJoiningHost();
    const old = await joinWithKey(joined, before, oldOffer);
    /** Joins the other manager on a copy of that host, until its process is killed. */
    const joinOther = async (kills: (host: JoiningHost, number: number) => boolean) => {
      const host = await joined.clone();
      const files = dyingFiles((_change, number) => kills(host, number));
      await host.enrol({ ...byCommand(after), files, commands: files.commands(real) }).catch(() => {});
      return { host, changes: files.changes() };
    };
    // What a process that is killed at a change leaves, on the disk and with the manager.
    const left: string[] = [];
    const whole = await joinOther(({ root }) => {
      const { registrations, verdicts, acknowledged } = after;
      left.push([diskState(root), registrations.length, verdicts.length, acknowledged.length].join());
      return false;
    });
    await using other = whole.host;
    expect(await pinOf(other)).toEqual(newPin);
    const found = { old: 0, new: 0 };
    for (const [index, state] of left.entries()) {
      // The same as at the next one.
      if (state === left[index + 1]) continue;
      const killAt = index + 1;
      const { host, changes } = await joinOther((_host, number) => number === killAt);
      await using killed = host;
      expect(changes).toBeGreaterThanOrEqual(killAt);
      const isOld = (await killed.serial()) === old.serial;
      found[isOld ? 'old' : 'new'] += 1;
      // The old certificates with the new key would be two managers, each of which is refused.
      if (isOld) expect(await pinOf(killed), `change ${killAt}`).toEqual(old.pin);
      if (isOld) expect(await killed.enrol(byCommand(after))).toEqual({ kind: 'installed' });
      else await killed.finishInterrupted(byCommand(after));
      expect([await pinOf(killed), await killed.pending()], `change ${killAt}`).toEqual([newPin, undefined]);
    }
    expect(found.old).toBeGreaterThan(10);
    expect(found.new).toBeGreaterThan(3);
    process.stdout.write(
      `crash: another manager by command: ${left.length} places; ${found.old} states with the old one, ${found.new} with the new one\n`,
    );
  },
  LIMIT_MS,
);
