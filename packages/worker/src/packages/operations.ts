import { askedInstallation, askedRemoval } from '../package-interface/asked.ts';
import type { AskedChange } from '../package-interface/change-policy.ts';
import type {
  ChangePermission,
  OperationRun,
  PackageOperations,
} from '../package-interface/package-operations.ts';
import { applyUpdates } from './apply.ts';
import type { PackageHost } from './doors.ts';
import { holdPackages } from './hold.ts';
import { type NamedChange, prepareInstallation, prepareRemoval } from './installation.ts';
import { requireApproved } from './plan-check.ts';
import type { PlanMemory } from './plan-memory.ts';
import { refreshLists } from './refresh.ts';
import { repair } from './repair.ts';
import { rollBack } from './rollback.ts';
import { adoptChange, changedSince, runChange } from './runner.ts';
import type { PackageReader } from './snapshot.ts';

/** The changing half of the host's package manager. */
export function createPackageOperations(
  host: PackageHost,
  reader: PackageReader,
  memory: PlanMemory,
): PackageOperations {
  const { changing, reading } = host.adapter;
  const named = async (
    { change, names, wishes, keepMarks }: NamedChange,
    { permission, asked }: { readonly permission: ChangePermission; readonly asked: AskedChange },
    run: OperationRun,
  ) =>
    runChange(
      host,
      {
        tool: await changing.tool(change),
        wishes,
        keepMarks,
        approve: (installed) =>
          requireApproved(host, memory, { change, names, permission, asked, installed, signal: run.signal }),
      },
      run,
    );
  return {
    refresh: (run) => refreshLists(host, run),
    adopt: (run) => adoptChange(host, run),
    changedSince: (work) => changedSince(host, work),
    repair: (run, options) => repair(host, run, options),
    install: async (wish, run) =>
      named(
        await prepareInstallation(host, reader, wish),
        { permission: wish, asked: askedInstallation(wish) },
        run,
      ),
    remove: async (wish, run) =>
      named(await prepareRemoval(host, wish), { permission: wish, asked: askedRemoval(wish) }, run),
    applyPatches: (wish, run) => applyUpdates(host, { reader, memory, wish }, run),
    rollback: (wish, run) => rollBack(host, memory, { wish, run }),
    hold: (wish, run) => holdPackages(host, wish, run),
    rebootRequired: async () => reading.rebootState(await reading.installed()),
  };
}
