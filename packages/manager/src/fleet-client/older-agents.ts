import {
  AGENT_ROUTES,
  HiddenSecurityUpdate,
  Job,
  JobAccepted,
  JobList,
  JobSummary,
  ListSource,
  Package,
  PackageList,
  PackageLists,
  Patch,
  PatchList,
  Plan,
  PlanLeftOut,
  PlanStep,
  type Route,
} from '@linux-patch/contract';
import { z } from 'zod';

/** More than any host has. */
const MOST_PACKAGES = 20_000;
/** An agent keeps a thousand unless it is told otherwise. */
const MOST_JOBS = 20_000;
const MOST_ADVISORIES = 1_000;
const MOST_SOURCES = 10_000;

/**
 * A list of at most `most` items. It ends at the first item that does not fit: a schema of our library would note every
 * fault of every item, which a hostile answer has hundreds of thousands of.
 */
function items<S extends z.ZodType>(schema: S, most: number) {
  return z.array(z.unknown()).transform((list, context): z.output<S>[] => {
    if (list.length > most) {
      context.addIssue({ code: 'custom', message: `more than ${most} items` });
      return z.NEVER;
    }
    const read: z.output<S>[] = [];
    for (const [index, item] of list.entries()) {
      const { data, error } = schema.safeParse(item);
      if (error) {
        const [first] = error.issues;
        const path = [index, ...(first?.path ?? [])];
        context.addIssue({ code: 'custom', message: first?.message ?? 'does not fit', path });
        return z.NEVER;
      }
      read.push(data);
    }
    return read;
  });
}

/** A word of today, or one of an older agent for it. */
function word<S extends z.ZodType>(schema: S, older: Readonly<Record<string, string>>) {
  return z.preprocess(
    (value) => (typeof value === 'string' && Object.hasOwn(older, value) ? older[value] : value),
    schema,
  );
}

const JOB_STATUS_WORDS = { timedout: 'timeout', timed_out: 'timeout', succeeded: 'completed' };
const OPERATION_WORDS = { patchapply: 'patch_apply' };
const advisories = items(z.string().max(256), MOST_ADVISORIES).default([]);

/** What older agents leave out is what it means not to say it. */
const AnyPackage = Package.extend({
  status: word(Package.shape.status, {
    Installed: 'installed',
    Upgradable: 'upgradable',
    Available: 'available',
    NotInstalled: 'available',
  }),
  architecture: Package.shape.architecture.default(''),
  size_bytes: Package.shape.size_bytes.default(null),
  held: Package.shape.held.default(false),
  origin: Package.shape.origin.default(null),
  security: Package.shape.security.default(false),
  latest_version: Package.shape.latest_version.default(null),
  description: Package.shape.description.default(''),
  upgradable: Package.shape.upgradable.default(false),
  cve_ids: advisories,
});

const AnyPatch = Patch.extend({
  security: Patch.shape.security.default(false),
  origin: Patch.shape.origin.default(null),
  held: Patch.shape.held.default(false),
  phased: Patch.shape.phased.default(false),
  requires_reboot: Patch.shape.requires_reboot.default(false),
  severity: Patch.shape.severity.default('unknown'),
  description: Patch.shape.description.default(''),
  cve_ids: advisories,
  advisories,
});

const jobWords = {
  status: word(Job.shape.status, JOB_STATUS_WORDS),
  operation: word(Job.shape.operation, OPERATION_WORDS),
};
const page = {
  limit: PackageList.shape.limit.default(null),
  offset: PackageList.shape.offset.default(0),
};

const names = items(z.string().max(256), MOST_PACKAGES);
const lists = PackageLists.extend({ sources: items(ListSource, MOST_SOURCES) }).optional();

/** Where older agents say something else, or where a hostile one could say too much, by route id. */
const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  [AGENT_ROUTES.listPackages.id]: PackageList.extend({
    packages: items(AnyPackage, MOST_PACKAGES),
    lists,
    ...page,
  }),
  [AGENT_ROUTES.listPatches.id]: PatchList.extend({
    patches: items(AnyPatch, MOST_PACKAGES),
    hidden_security: items(HiddenSecurityUpdate, MOST_PACKAGES).optional(),
    lists,
  }),
  [AGENT_ROUTES.planPatches.id]: Plan.extend({
    steps: items(PlanStep, MOST_PACKAGES),
    new_packages: names,
    removed_packages: names,
    left_out: items(PlanLeftOut.extend({ removals: names }), MOST_PACKAGES),
    lists,
  }),
  [AGENT_ROUTES.listJobs.id]: JobList.extend({
    jobs: items(JobSummary.extend(jobWords), MOST_JOBS),
    ...page,
  }),
  [AGENT_ROUTES.getJob.id]: Job.extend(jobWords),
  [AGENT_ROUTES.applyPatches.id]: JobAccepted.extend({ operation: jobWords.operation }),
};

/** The answer of a route as every generation of agents gives it; what is read is in today's words. */
export function ofAnyAgent<R extends Route>(route: R): R['response'] {
  return (SCHEMAS[route.id] ?? route.response) as R['response'];
}
