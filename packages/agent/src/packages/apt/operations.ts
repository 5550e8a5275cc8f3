import { PatchError } from '@linux-patch/contract';
import type { PackageOperations } from '../package-operations.ts';
import { applyUpdates } from './apply.ts';
import type { AptContext } from './apt-context.ts';
import { keepingAutoMarks, restoringAutoMarks } from './auto-marks.ts';
import { adoptChange, change } from './change.ts';
import { ALLOW_DOWNGRADE, CHANGE_OPTIONS } from './change-options.ts';
import { isNamed } from './compare.ts';
import { readInstalled } from './installed.ts';
import type { PendingUpdate } from './pending.ts';
import type { AptReader } from './reader.ts';
import { readRebootState } from './reboot-state.ts';
import { refreshLists } from './refresh.ts';
import { repair } from './repair.ts';
import { aptArgument, resolveTargets } from './targets.ts';
import type { Wish } from './wishes.ts';

/** The changing half of the apt adapter. */
export function createAptOperations(context: AptContext, reader: AptReader): PackageOperations {
  return {
    refresh: (run) => refreshLists(context, run),
    async adopt(run) {
      const adopted = await adoptChange(context, run);
      return adopted && restoringAutoMarks(context, adopted.autoMarked, run, () => adopted.outcome);
    },
    repair: (run) => repair(context, run),
    async install(wish, run) {
      const names = wish.packages.map((one) => one.name);
      if (wish.onlyUpgrade) await requireInstalled(context, names);
      const targets = await resolveTargets(context, wish.packages);
      const options = [
        ...(wish.onlyUpgrade ? ['--only-upgrade'] : []),
        ...(wish.noRecommends ? ['--no-install-recommends'] : []),
        ...(wish.allowDowngrade ? ALLOW_DOWNGRADE : []),
        ...(wish.force ? ['--allow-change-held-packages', '--reinstall'] : []),
      ];
      const newest = wish.onlyUpgrade ? await newestVersions(reader) : [];
      const wishes = wish.packages.map(({ name, version: named }): Wish => {
        const version = named ?? newest.find((one) => isNamed(one, name))?.newVersion;
        return { name, want: version === undefined ? 'installed' : { version } };
      });
      const args = [...CHANGE_OPTIONS, ...options, 'install', '--', ...targets];
      if (!wish.onlyUpgrade) return change(context, { args, wishes, autoMarked: [] }, run);
      return keepingAutoMarks(context, names, run, (autoMarked) =>
        change(context, { args, wishes, autoMarked }, run),
      );
    },
    async remove(wish, run) {
      const target = aptArgument(wish);
      await requireInstalled(context, [wish.name]);
      const held = wish.force ? ['--allow-change-held-packages'] : [];
      const args = [...CHANGE_OPTIONS, ...held, wish.purge ? 'purge' : 'remove', '--', target];
      return change(context, { args, wishes: [{ name: wish.name, want: 'removed' }], autoMarked: [] }, run);
    },
    applyPatches: (wish, run) => applyUpdates(context, reader, wish, run),
    rebootRequired: () => readRebootState(context),
  };
}

/** What an update without a version means; unknown where apt cannot list what waits. */
async function newestVersions(reader: AptReader): Promise<readonly PendingUpdate[]> {
  return (await reader.reading().catch(() => undefined))?.pending?.updates ?? [];
}

async function requireInstalled(context: AptContext, names: readonly string[]): Promise<void> {
  const installed = await readInstalled(context);
  const missing = names.filter((name) => !installed.some((one) => isNamed(one, name)));
  if (missing.length === 0) return;
  throw new PatchError(
    'PKG_NOT_FOUND',
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed on this host.`,
  );
}
