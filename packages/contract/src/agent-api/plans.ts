import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { queryFlag } from '../query.ts';
import { Line, MAX_ENTRIES } from '../text-bounds.ts';
import { PackageLists } from './package-lists.ts';
import { InstallRequest, PackageName, PlanHash, UpdateRequest } from './packages.ts';
import { ApplyRequest } from './patches.ts';
import { PolicyDenial } from './policy.ts';

export const PLAN_ACTIONS = ['install', 'upgrade', 'downgrade', 'reinstall', 'remove', 'replace'] as const;
export type PlanAction = (typeof PLAN_ACTIONS)[number];

/** What a change does to one package. */
export const PlanStep = lazily(() =>
  z.object({
    action: z.enum(PLAN_ACTIONS).meta({
      description:
        '`replace`: it goes because another package takes its place. Package managers that do not say so call it `remove`.',
    }),
    name: Line,
    architecture: Line,
    from: Line.nullable().meta({ description: 'The installed version; `null` when there is none.' }),
    to: Line.nullable().meta({ description: 'The version afterwards; `null` when it goes.' }),
    purge: z.boolean().meta({ description: 'Its configuration goes, too.' }),
    asked: z.boolean().meta({ description: 'Whether the request is about this very package.' }),
    security: z.boolean().nullable().optional().meta({
      description:
        'Of an `upgrade`: whether it mends a security fault. Of a `downgrade`: whether it takes such a fix back. `null`: not known; absent where it means nothing, and from agents before 1.3.',
    }),
  }),
);
export type PlanStep = z.infer<typeof PlanStep>;

export const LEFT_OUT_WHYS = [
  /** By the host's own administrator. */
  'held',
  /** Published for a share of machines that this host is not part of yet. */
  'phased',
  /** By the request. */
  'excluded',
  /** By the policy of the host. */
  'policy',
  /** Pins or the default release of the host prefer an older version. */
  'pinned',
  'not_installed',
  /** Something that it needs is not there, or does not fit. */
  'unsatisfiable',
  /** It takes what was not allowed, such as the removal of another package. */
  'refused',
  /** No source that the host trusts has it. */
  'untrusted',
  /** It could not be downloaded, or is not to be had any more. */
  'unavailable',
] as const;
export type LeftOutWhy = (typeof LEFT_OUT_WHYS)[number];

/** What was asked for, or waits, and stays as it is. */
export const PlanLeftOut = lazily(() =>
  z.object({
    name: Line,
    from: Line.nullable(),
    to: Line.nullable().meta({ description: 'The version that stays out; `null` where there is none.' }),
    security: z.boolean(),
    asked: z
      .boolean()
      .meta({ description: 'Whether the request named it: then a job that leaves it out fails.' }),
    why: z.enum(LEFT_OUT_WHYS),
    reason: Line.meta({ description: 'A clause for people.' }),
    removals: z.array(Line).max(MAX_ENTRIES).meta({
      description: 'Packages that nobody named and that would have to go; `allow_removals` lets them.',
    }),
  }),
);
export type PlanLeftOut = z.infer<typeof PlanLeftOut>;

/** What a change would do to a host now; nothing was changed. */
export const Plan = lazily(() =>
  z.object({
    plan_hash: PlanHash.meta({
      description:
        'Names the steps. A change that carries it does exactly these, or ends as `PLAN_CHANGED` and changes nothing.',
    }),
    steps: z.array(PlanStep).max(MAX_ENTRIES),
    new_packages: z.array(Line).max(MAX_ENTRIES),
    removed_packages: z.array(Line).max(MAX_ENTRIES),
    left_out: z.array(PlanLeftOut).max(MAX_ENTRIES),
    download_bytes: z.int().nonnegative().nullable().meta({
      description:
        'Of all archives, by the package lists; those that the host has downloaded already are among them. `null`: not known.',
    }),
    disk_bytes: z.int().nullable().meta({
      description: 'What the installed packages take more afterwards, less when negative. `null`: not known.',
    }),
    reboot: z.enum(['yes', 'no', 'unknown']).meta({
      description:
        'Whether the host is likely to need a reboot afterwards, for these packages or from before. A script of a package may ask for one all the same.',
    }),
    busy: Line.nullable().meta({
      description:
        'Who works with the package database now, so that this may change in a moment; `null`: nobody.',
    }),
    policy: PolicyDenial.nullable().optional().meta({
      description:
        'The rule of the host by which the change would be denied now; `null`: none. Older agents have no policy.',
    }),
    planned_at: z.iso.datetime(),
    lists: PackageLists.optional(),
  }),
);
export type Plan = z.infer<typeof Plan>;

export const PlanQuery = lazily(() => z.strictObject({ refresh: queryFlag.optional() }));
export type PlanQuery = z.infer<typeof PlanQuery>;

/** Body of `POST /packages/plan`: that of the change, and which change it is. */
export const PackagePlanRequest = lazily(() =>
  z.discriminatedUnion('operation', [
    InstallRequest.unwrap()
      .omit({ plan_hash: true })
      .extend({ operation: z.literal('install') }),
    UpdateRequest.unwrap()
      .omit({ plan_hash: true })
      .extend({ operation: z.literal('update'), name: PackageName }),
    z.strictObject({
      operation: z.literal('remove'),
      name: PackageName,
      purge: z.boolean().optional(),
      force: z.boolean().optional(),
      allow_removals: z.boolean().optional(),
    }),
    z.strictObject({
      operation: z.literal('rollback'),
      job_id: z.uuid().meta({ description: 'The job whose changes would be taken back.' }),
      allow_removals: z.boolean().optional(),
    }),
  ]),
);
export type PackagePlanRequest = z.infer<typeof PackagePlanRequest>;

/** Body of `POST /patches/plan`. */
export const PatchPlanRequest = lazily(() => ApplyRequest.unwrap().omit({ plan_hash: true }));

/** How many steps of each kind a difference names. */
export const PLAN_DIFFERENCE_LIMIT = 100;
const DifferentSteps = lazily(() => z.array(PlanStep).max(PLAN_DIFFERENCE_LIMIT));

/** How the plan that was approved and the one of now differ. */
export const PlanDifference = lazily(() =>
  z.object({
    plan_hash: PlanHash.meta({ description: 'Of the plan of now.' }),
    known: z.boolean().meta({
      description:
        '`false`: the agent does not remember the plan that was approved, so that all steps of now are among `added`.',
    }),
    added: DifferentSteps,
    removed: DifferentSteps.meta({ description: 'Steps that are not needed or not possible any more.' }),
    changed: z
      .array(z.object({ before: PlanStep, now: PlanStep }))
      .max(PLAN_DIFFERENCE_LIMIT)
      .meta({ description: 'The same package with another version or action.' }),
    more: z.int().nonnegative().meta({ description: 'Differences beyond those that are named.' }),
  }),
);
export type PlanDifference = z.infer<typeof PlanDifference>;
