import { AGENT_ROUTES, type JobOperation, lazily } from '@linux-patch/contract';
import { z } from 'zod';

/** What hosts can be asked to do as a job. */
const OPERATIONS = {
  applyPatches: 'patch_apply',
  installPackages: 'install',
  removePackage: 'remove',
  holdPackages: 'hold',
  unholdPackages: 'unhold',
  restartService: 'restart_service',
  rebootHost: 'reboot',
  cancelReboot: 'cancel_reboot',
  rollbackJob: 'rollback',
} as const satisfies Partial<Record<keyof typeof AGENT_ROUTES, JobOperation>>;

type JobRouteName = keyof typeof OPERATIONS;

/** A request that becomes a job of a host; sent as it is, however often. */
export const JobOrder = lazily(() =>
  z.object({
    route: z.enum(Object.keys(OPERATIONS) as [JobRouteName, ...JobRouteName[]]),
    /** Of the path: a package, a service, or the job that is rolled back. */
    name: z.string().optional(),
    query: z.record(z.string(), z.string()).optional(),
    body: z.unknown().optional(),
  }),
);
export type JobOrder = z.infer<typeof JobOrder>;

export function operationOf({ route }: JobOrder): JobOperation {
  return OPERATIONS[route];
}

/** The request as the client of the fleet sends it. */
export function callOf({ route, name, query, body }: JobOrder) {
  return {
    route: AGENT_ROUTES[route],
    params: name === undefined ? {} : { [route === 'rollbackJob' ? 'id' : 'name']: name },
    ...(query === undefined ? {} : { query: new URLSearchParams(query) }),
    ...(body === undefined ? {} : { body }),
  };
}

const Planned = z.object({ plan_hash: z.string() });

/** The plan that was approved; null where it is whatever fits then. */
export function planHashOf({ query, body }: JobOrder): string | null {
  return (Planned.safeParse(body).data ?? Planned.safeParse(query).data)?.plan_hash ?? null;
}

const Name = lazily(() =>
  z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]),
);
const Named = lazily(() =>
  z.object({
    packages: z.array(Name).nullish(),
    patches: z.array(Name).nullish(),
  }),
);

/** The packages that it names. */
export function namesIn({ route, name, body }: JobOrder): string[] {
  if (route === 'restartService' || route === 'rollbackJob') return [];
  const { packages, patches } = Named.safeParse(body).data ?? {};
  return [...(name === undefined ? [] : [name]), ...(patches ?? []), ...(packages ?? [])];
}
