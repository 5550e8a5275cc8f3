import type { HostJobKey } from '@linux-patch/contract';
import { jobKeyFingerprint } from '@linux-patch/pki';
import { nodeCommands } from '@linux-patch/runtime/node';
import { expect, it } from 'vitest';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';
import { startCurrentManager } from './current-manager.ts';
import { dyingFiles } from './dying-files.ts';
import { bringOffer, byCommand, joinWithKey, offerBy, pinOf } from './job-key-offers.ts';
import { createJoiningHost, NOW } from './joining-host.ts';

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
    const found = { old: 0, new: 0 };
    for (let killAt = 1; ; killAt += 1) {
      await using host = await createJoiningHost();
      const old = await joinWithKey(host, before, oldOffer);
      const files = dyingFiles((_change, number) => number === killAt);
      await host.enrol({ ...byCommand(after), files, commands: files.commands(real) }).catch(() => {});
      if (files.changes() < killAt) {
        expect(await pinOf(host)).toEqual(newPin);
        break;
      }
      const isOld = (await host.serial()) === old.serial;
      found[isOld ? 'old' : 'new'] += 1;
      // The old certificates with the new key would be two managers, each of which is refused.
      if (isOld) expect(await pinOf(host), `change ${killAt}`).toEqual(old.pin);
      if (isOld) expect(await host.enrol(byCommand(after))).toEqual({ kind: 'installed' });
      else await host.finishInterrupted(byCommand(after));
      expect([await pinOf(host), await host.pending()], `change ${killAt}`).toEqual([newPin, undefined]);
    }
    expect(found.old).toBeGreaterThan(10);
    expect(found.new).toBeGreaterThan(3);
    process.stdout.write(
      `crash: another manager by command: ${found.old} places with the old one, ${found.new} with the new one\n`,
    );
  },
  LIMIT_MS,
);
