import {
  AGENT_ROUTES,
  HiddenSecurityUpdate,
  Job,
  JobAccepted,
  JobList,
  JobSummary,
  ListSource,
  lazily,
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
const AnyPackage = lazily(() => {
  const { shape } = Package.unwrap();
  return Package.unwrap().extend({
    status: word(shape.status, {
      Installed: 'installed',
      Upgradable: 'upgradable',
      Available: 'available',
      NotInstalled: 'available',
    }),
    architecture: shape.architecture.default(''),
    size_bytes: shape.size_bytes.default(null),
    held: shape.held.default(false),
    origin: shape.origin.default(null),
    security: shape.security.default(false),
    latest_version: shape.latest_version.default(null),
    description: shape.description.default(''),
    upgradable: shape.upgradable.default(false),
    cve_ids: advisories,
  });
});

const AnyPatch = lazily(() => {
  const { shape } = Patch.unwrap();
  return Patch.unwrap().extend({
    security: shape.security.default(false),
    origin: shape.origin.default(null),
    held: shape.held.default(false),
    phased: shape.phased.default(false),
    requires_reboot: shape.requires_reboot.default(false),
    severity: shape.severity.default('unknown'),
    description: shape.description.default(''),
    cve_ids: advisories,
    advisories,
  });
});

function jobWords() {
  const { status, operation } = Job.unwrap().shape;
  return { status: word(status, JOB_STATUS_WORDS), operation: word(operation, OPERATION_WORDS) };
}
function page() {
  const { limit, offset } = PackageList.unwrap().shape;
  return { limit: limit.default(null), offset: offset.default(0) };
}

const names = items(z.string().max(256), MOST_PACKAGES);
const lists = lazily(() =>
  PackageLists.unwrap().extend({ sources: items(ListSource, MOST_SOURCES) }),
).optional();

/** Where older agents say something else, or where a hostile one could say too much, by route id. */
const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  [AGENT_ROUTES.listPackages.id]: lazily(() =>
    PackageList.unwrap().extend({
      packages: items(AnyPackage, MOST_PACKAGES),
      lists,
      ...page(),
    }),
  ),
  [AGENT_ROUTES.listPatches.id]: lazily(() =>
    PatchList.unwrap().extend({
      patches: items(AnyPatch, MOST_PACKAGES),
      hidden_security: items(HiddenSecurityUpdate, MOST_PACKAGES).optional(),
      lists,
    }),
  ),
  [AGENT_ROUTES.planPatches.id]: lazily(() =>
    Plan.unwrap().extend({
      steps: items(PlanStep, MOST_PACKAGES),
      new_packages: names,
      removed_packages: names,
      left_out: items(PlanLeftOut.unwrap().extend({ removals: names }), MOST_PACKAGES),
      lists,
    }),
  ),
  [AGENT_ROUTES.listJobs.id]: lazily(() =>
    JobList.unwrap().extend({
      jobs: items(JobSummary.unwrap().extend(jobWords()), MOST_JOBS),
      ...page(),
    }),
  ),
  [AGENT_ROUTES.getJob.id]: lazily(() => Job.unwrap().extend(jobWords())),
  [AGENT_ROUTES.applyPatches.id]: lazily(() =>
    JobAccepted.unwrap().extend({ operation: jobWords().operation }),
  ),
};

/** The answer of a route as every generation of agents gives it; what is read is in today's words. */
export function ofAnyAgent<R extends Route>(route: R): R['response'] {
  return (SCHEMAS[route.id] ?? route.response) as R['response'];
}
