import {
  lazily,
  PackageGlob,
  PackageName,
  PackageVersion,
  PlanHash,
  PlanStep,
  PolicyDenial,
} from '@linux-patch/contract';
import { z } from 'zod';
import { LeftOut } from '../package-interface/left-out.ts';

/** More than one request of a manager names. */
const MOST_NAMES = 10_000;
const MOST_PATTERNS = 2_000;
/** More than any change touches. */
const MOST_PACKAGES = 200_000;
const Text = z.string().max(4_096);

const allowRemovals = z.boolean().optional();

/** The body of a `plan`: the change of which it is asked what it would do. See `PackagePlans`. */
export const PlanQuestion = lazily(() =>
  z.discriminatedUnion('change', [
    z.strictObject({
      change: z.literal('install'),
      packages: z
        .array(z.strictObject({ name: PackageName, version: PackageVersion.optional() }))
        .max(MOST_NAMES),
      onlyUpgrade: z.boolean(),
      force: z.boolean(),
      noRecommends: z.boolean(),
      allowDowngrade: z.boolean(),
      allowRemovals,
    }),
    z.strictObject({
      change: z.literal('remove'),
      name: PackageName,
      purge: z.boolean(),
      force: z.boolean(),
      allowRemovals,
    }),
    z.strictObject({ change: z.literal('rollback'), job: z.uuid(), allowRemovals }),
    z.strictObject({
      change: z.literal('patches'),
      selection: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('all') }),
        z.strictObject({ kind: z.literal('security') }),
        z.strictObject({
          kind: z.literal('names'),
          names: z.array(PackageName).max(MOST_NAMES),
          securityOnly: z.boolean(),
        }),
      ]),
      exclude: z.array(PackageGlob).max(MOST_PATTERNS),
      allowRemovals,
      reboot: z.boolean().optional(),
    }),
  ]),
);
export type PlanQuestion = z.infer<typeof PlanQuestion>;

/** See `HostPlan`; what is not known, or does not apply, is absent. */
export const PlanAnswer = lazily(() =>
  z.strictObject({
    steps: z.array(z.strictObject(PlanStep.unwrap().shape)).max(MOST_PACKAGES),
    hash: PlanHash,
    left: z
      .array(
        z.strictObject({
          ...LeftOut.unwrap().shape,
          name: Text,
          current: Text.nullable(),
          version: Text.nullable(),
          reason: Text,
          removals: z.array(Text).max(MOST_PACKAGES).optional(),
        }),
      )
      .max(MOST_PACKAGES),
    downloadBytes: z.int().nonnegative().optional(),
    diskBytes: z.int().optional(),
    reboot: z.enum(['yes', 'no', 'unknown']),
    denial: z.strictObject(PolicyDenial.unwrap().shape).optional(),
    busy: Text.optional(),
    plannedAtMs: z.number().nonnegative(),
  }),
);
export type PlanAnswer = z.infer<typeof PlanAnswer>;
