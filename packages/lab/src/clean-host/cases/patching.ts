import assert from 'node:assert/strict';
import type { CleanHostCase } from '../case.ts';
import { installPackage } from '../install.ts';
import { untilStatus } from '../unit.ts';
import { approveByCode, offerUpdates } from '../world.ts';

interface PatchList {
  readonly patches: readonly { readonly name: string; readonly security: boolean }[];
}

export const PATCHING: readonly CleanHostCase[] = [
  {
    name: 'security updates are listed, applied through the manager, and gone from the list',
    flavours: ['debian12', 'debian13'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await host.must('apt-get', ['update', '-qq']);
      await host.must('apt-get', ['install', '-y', '-qq', 'toyhello', 'toylib', 'toyreboot']);
      await offerUpdates(host, flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
      const before = (await manager.json('patches', host.name)) as PatchList;
      assert.deepEqual(
        before.patches.filter((one) => one.name.startsWith('toy')).map((one) => [one.name, one.security]),
        [
          ['toyhello', false],
          ['toylib', true],
          ['toyreboot', true],
        ],
      );
      await manager.json('patch', host.name, '--security', '--wait');
      const versions = await host.must('dpkg-query', ['-W', '-f', '${Package} ${Version}\n', 'toy*']);
      assert.equal(versions, 'toyhello 1.0-1\ntoylib 1.0-1+deb12u1\ntoyreboot 1.1-1\n');
      const after = (await manager.json('patches', host.name)) as PatchList;
      assert.deepEqual(
        after.patches.filter((one) => one.security),
        [],
      );
    },
  },
];
