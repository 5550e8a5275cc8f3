import type { PlanStep, PolicyDenial } from '@linux-patch/contract';
import { askedInstallation, askedRemoval, askedUpdates } from '../package-interface/asked.ts';
import type { AskedChange } from '../package-interface/change-policy.ts';
import { type LeftOut, sortLeftOut } from '../package-interface/left-out.ts';
import type { ChangePermission, RollbackWish, UpdateWish } from '../package-interface/package-operations.ts';
import type { HostPlan, PackagePlans, PlanWaiting } from '../package-interface/package-plans.ts';
import type { RollbackTarget } from '../package-interface/recorded-changes.ts';
import type { Refusal } from './adapter.ts';
import type { PackageHost } from './doors.ts';
import { type NamedChange, prepareInstallation, prepareRemoval, waitingUpdates } from './installation.ts';
import { findLockHolder, nameOfHolder } from './locks.ts';
import type { Installed } from './package-facts.ts';
import { refuseSteps } from './permit.ts';
import { chooseUpdates, planUpdates } from './plan.ts';
import { foresee } from './plan-check.ts';
import { planWithin } from './plan-limit.ts';
import type { PlanMemory } from './plan-memory.ts';
import { leftUnavailable, prepareRollback } from './rollback.ts';
import type { PackageReader } from './snapshot.ts';
import { withSecurity } from './step-security.ts';

/** Makes plans, and remembers them for those who approve one. */
export function createPackagePlans(
  host: PackageHost,
  reader: PackageReader,
  memory: PlanMemory,
): PackagePlans {
  const complete = (asked: AskedChange, forecast: Forecast) =>
    completePlan(host, { reader, memory }, { asked, ...forecast });
  const named = (change: Named, waiting: PlanWaiting) =>
    planWithin(host, waiting, async (signal) => {
      const { asked, prepare, wish } = change;
      return complete(asked, await foreseeNamed(host, await prepare(), { wish, signal }));
    });
  return {
    install: (wish, waiting) =>
      named(
        { asked: askedInstallation(wish), wish, prepare: () => prepareInstallation(host, reader, wish) },
        waiting,
      ),
    remove: (wish, waiting) =>
      named({ asked: askedRemoval(wish), wish, prepare: () => prepareRemoval(host, wish) }, waiting),
    rollback: (wish, waiting) =>
      planWithin(host, waiting, async (signal) => {
        const { asked, forecast } = await foreseeRollback(host, { wish, signal });
        return complete(asked, forecast);
      }),
    patches: (wish, waiting) =>
      planWithin(host, waiting, async (signal) =>
        complete(askedUpdates(wish), await foreseeUpdates(host, reader, { wish, signal })),
      ),
  };
}

/** A change that names its packages. */
interface Named {
  readonly asked: AskedChange;
  readonly wish: ChangePermission;
  readonly prepare: () => Promise<NamedChange>;
}

interface Forecast {
  readonly steps: readonly PlanStep[];
  readonly left: readonly LeftOut[];
  readonly installed: readonly Installed[];
  /** What is rolled back. */
  readonly targets?: readonly RollbackTarget[];
}

async function foreseeNamed(
  host: PackageHost,
  { change, names }: NamedChange,
  { wish, signal }: { readonly wish: ChangePermission; readonly signal: AbortSignal },
): Promise<Forecast> {
  const installed = await host.adapter.reading.installed();
  const { steps, refusal } = await foresee(host, { change, names, permission: wish, installed, signal });
  const left = refusal ? names.map((name) => refused(host, { name, installed, refusal })) : [];
  return { steps, left, installed };
}

async function foreseeRollback(
  host: PackageHost,
  { wish, signal }: { readonly wish: RollbackWish; readonly signal: AbortSignal },
): Promise<{ readonly asked: AskedChange; readonly forecast: Forecast }> {
  const { named, unavailable, asked, due } = await prepareRollback(host, wish);
  if (named)
    return { asked, forecast: { ...(await foreseeNamed(host, named, { wish, signal })), targets: due } };
  const installed = await host.adapter.reading.installed();
  return { asked, forecast: { steps: [], left: leftUnavailable(unavailable), installed } };
}

function refused(
  { adapter }: PackageHost,
  {
    name,
    installed,
    refusal,
  }: { readonly name: string; readonly installed: readonly Installed[]; readonly refusal: Refusal },
): LeftOut {
  const current = installed.find((one) => adapter.rules.isNamed(one, name))?.version ?? null;
  return { name, current, version: null, security: false, asked: true, ...refusal };
}

async function foreseeUpdates(
  host: PackageHost,
  reader: PackageReader,
  { wish, signal }: { readonly wish: UpdateWish; readonly signal: AbortSignal },
): Promise<Forecast> {
  const choice = await chooseUpdates(host, reader, wish);
  const question = { choice, wish, untrusted: new Set<string>() };
  const { steps, left } = await planUpdates(host, question, { signal, onProgress: () => {} });
  return { steps, left: sortLeftOut([...left, ...choice.leftByRequest]), installed: choice.installed };
}

async function completePlan(
  host: PackageHost,
  { reader, memory }: { readonly reader: PackageReader; readonly memory: PlanMemory },
  forecast: Forecast & { readonly asked: AskedChange },
): Promise<HostPlan> {
  const { asked, steps, left, installed, targets = [] } = forecast;
  const holder = await findLockHolder(host);
  const updates = steps.some((one) => one.action === 'upgrade') ? await waitingUpdates(reader) : [];
  return {
    steps: withSecurity(steps, { rules: host.adapter.rules, updates, targets }),
    hash: memory.remember(steps),
    left,
    ...(await sizesOf(host, forecast)),
    reboot: await rebootOf(host, steps, installed),
    denial: await refuseForecast(host, asked, steps),
    busy: holder && nameOfHolder(holder),
    plannedAtMs: host.clock.now(),
  };
}

/** What would be said to the change itself. */
async function refuseForecast(
  host: PackageHost,
  asked: AskedChange,
  steps: readonly PlanStep[],
): Promise<PolicyDenial | undefined> {
  const rules = await host.policy.read();
  return (
    rules.refuseAsked(asked) ??
    (await refuseSteps(host, rules, steps)) ??
    rules.refuseMoment(host.clock.now())
  );
}

async function sizesOf(
  { adapter }: PackageHost,
  { steps, installed }: Forecast,
): Promise<Pick<HostPlan, 'downloadBytes' | 'diskBytes'>> {
  const coming = steps.flatMap(({ name, architecture, to }) =>
    to === null ? [] : [{ name, architecture, version: to }],
  );
  const sizes = coming.length === 0 ? [] : await adapter.changing.sizes(coming);
  const going = steps.filter((one) => one.from !== null).map((step) => installedOf(step, installed));
  const after = sum(sizes.map((one) => one?.installedBytes));
  const before = sum(going.map((one) => one?.sizeBytes ?? undefined));
  return {
    downloadBytes: sum(sizes.map((one) => one?.downloadBytes)),
    diskBytes: after === undefined || before === undefined ? undefined : after - before,
  };
}

/** What is installed of a package; its architecture may be another afterwards. */
function installedOf(
  { name, architecture, from }: PlanStep,
  installed: readonly Installed[],
): Installed | undefined {
  const own = installed.filter((one) => one.name === name && one.version === from);
  return own.find((one) => one.architecture === architecture) ?? own[0];
}

/** Undefined when one of them is. */
function sum(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((one) => one !== undefined);
  return known.length < numbers.length ? undefined : known.reduce((total, one) => total + one, 0);
}

async function rebootOf(
  { adapter }: PackageHost,
  steps: readonly PlanStep[],
  installed: readonly Installed[],
): Promise<HostPlan['reboot']> {
  const { reading } = adapter;
  if (steps.some((one) => one.to !== null && reading.asksForReboot(one.name))) return 'yes';
  return (await reading.rebootState(installed)).required ? 'yes' : 'no';
}
