import { type ApplyRequest, planApply } from '@linux-patch/contract';
import { describePackages, describePatches, describePlan } from '@linux-patch/runtime/printed';
import { type AgentContext, EXIT } from '../app/agent-context.ts';
import { openHostListings } from '../app/host-listings.ts';
import { listPackages } from '../listings/packages.ts';
import { listPatches } from '../listings/patches.ts';
import { planPatches } from '../listings/plans.ts';
import type { ListingSources } from '../listings/sources.ts';

/** What the commands about packages are asked for. */
export type PackagesInvocation =
  | { readonly mode: 'packages'; readonly json: boolean; readonly name: string | undefined }
  | { readonly mode: 'updates'; readonly json: boolean; readonly security: boolean }
  | { readonly mode: 'plan'; readonly json: boolean; readonly wish: PlanWish };

/** Which updates a plan is of; all where no name is said. */
export interface PlanWish {
  readonly names: readonly string[];
  readonly security: boolean;
  readonly exclude: readonly string[];
  readonly allowRemovals: boolean;
}

type PackagesContext = Pick<AgentContext, 'host' | 'settings' | 'time' | 'report' | 'program'>;

/** Somebody sits in front of it, who can end it. */
const PLAN_LIMIT_MS = 9 * 60_000;

/** `packages`, `updates` and `plan`: what is installed on this host, what waits, and what applying it would do. Returns the exit code. */
export async function showPackages(
  context: PackagesContext,
  invocation: PackagesInvocation,
): Promise<number> {
  using stack = new DisposableStack();
  const sources = await openHostListings(context, stack);
  const [data, words] = await told(invocation, sources, context);
  context.program.stdout(`${invocation.json ? JSON.stringify(data, null, 2) : words()}\n`);
  return EXIT.clean;
}

async function told(
  invocation: PackagesInvocation,
  sources: ListingSources,
  { time: { clock, signal } }: PackagesContext,
): Promise<readonly [data: object, words: () => string]> {
  const nowMs = clock.now();
  switch (invocation.mode) {
    case 'packages': {
      const data = await (await listPackages(sources, { name: invocation.name })).make();
      return [data, () => describePackages(data, nowMs)];
    }
    case 'updates': {
      const query = { explain: true, ...(invocation.security ? { security: true } : {}) };
      const data = await (await listPatches(sources, query)).make();
      return [data, () => describePatches(data, nowMs)];
    }
    case 'plan': {
      const waiting = { signal, limitMs: PLAN_LIMIT_MS };
      const wish = planApply(requestOf(invocation.wish));
      const data = await planPatches(sources, wish, { refreshed: async () => waiting });
      return [data, () => describePlan(data, { nowMs, approve: APPROVE })];
    }
  }
}

const APPROVE =
  'To have exactly this done, say the same and --plan with this hash to "linux-patch-api apply", with --all where no package is named, or to "linux-patch-manager patch" for this host.';

function requestOf({ names, security, exclude, allowRemovals }: PlanWish): ApplyRequest {
  return {
    ...(names.length === 0 ? { all: true } : { patches: [...names] }),
    security_only: security,
    exclude_packages: [...exclude],
    allow_removals: allowRemovals,
  };
}
