import { type JobResult, PatchError } from '@linux-patch/contract';
import { askedHold } from '../package-interface/asked.ts';
import type { HoldWish, OperationOutcome, OperationRun } from '../package-interface/package-operations.ts';
import type { PackageRules } from './adapter.ts';
import type { PackageHost } from './doors.ts';
import { requireInstalled } from './installation.ts';
import { createLockPatience, lookAlone } from './locks.ts';
import type { Installed } from './package-facts.ts';
import { requirePermitted } from './permit.ts';
import { runTool } from './runner.ts';

/**
 * Makes installed packages stay at their versions, or lets them be changed again; what is so already is `unchanged`.
 * @throws PatchError `PKG_NOT_FOUND` for what is not installed, `POLICY_DENIED`; then nothing was changed.
 */
export async function holdPackages(
  host: PackageHost,
  { names, hold }: HoldWish,
  run: OperationRun,
): Promise<OperationOutcome> {
  const { adapter } = host;
  const tool = adapter.changing.holdTool(names, hold);
  await requireInstalled(host, names);
  const look = async () => {
    const named = namedOf(await adapter.reading.installed(), { names, rules: adapter.rules });
    const others = named.filter((one) => one.held !== hold);
    if (others.length > 0)
      await requirePermitted(host, askedHold({ names: others.map(policyName), hold }), []);
    return { before: named, due: others };
  };
  const patience = createLockPatience(host, run);
  let { before, due } = await lookAlone(host, run, look);
  while (due.length > 0 && !(await runTool(host, tool, { run, patience })))
    ({ before, due } = await lookAlone(host, run, look));
  if (due.length === 0) return { results: before.map((one) => resultOf(one, 'unchanged')), exitCode: null };
  const after = namedOf(await adapter.reading.installed(), { names, rules: adapter.rules });
  const changed = (one: Installed): boolean =>
    after.some((now) => now.name === one.name && now.architecture === one.architecture && now.held === hold);
  const word = hold ? 'held' : 'unheld';
  const results = before.map((one) =>
    resultOf(one, one.held === hold ? 'unchanged' : changed(one) ? word : 'failed'),
  );
  const failed = due.filter((one) => !changed(one));
  if (failed.length === 0) return { results, exitCode: 0 };
  run.onChanged?.(results);
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `${tool.what} reports success, but ${failed.map((one) => one.name).join(', ')} ${hold ? 'is not held' : 'is still held'}.`,
  );
}

/** The name as policies have it, with the architecture that it is. */
function policyName({ name, architecture }: Installed): string {
  return `${name}:${architecture}`;
}

function namedOf(
  installed: readonly Installed[],
  { names, rules }: { readonly names: readonly string[]; readonly rules: PackageRules },
): Installed[] {
  return installed.filter((one) => names.some((name) => rules.isNamed(one, name)));
}

function resultOf({ name, version }: Installed, action: JobResult['action']): JobResult {
  return { name, action, version_before: version, version_after: version };
}
