import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { paging, queryFlag } from '../query.ts';
import { Line, MAX_ENTRIES, Prose } from '../text-bounds.ts';
import { PackageLists, Revision } from './package-lists.ts';
import { allowRemovals, PackageGlob, PackageName, PlanHash, sourceFields } from './packages.ts';
import { MAX_REBOOT_DELAY_SECONDS } from './system.ts';

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'unknown'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One pending update. */
export const Patch = lazily(() =>
  z.object({
    name: Line,
    current_version: Line,
    available_version: Line,
    ...sourceFields,
    severity: z
      .enum(SEVERITIES)
      .meta({ description: '`unknown` when the repository does not say; never guessed from a name.' }),
    description: Prose,
    cve_ids: z.array(Line).max(MAX_ENTRIES),
    advisories: z.array(Line).max(MAX_ENTRIES),
    security: z.boolean().meta({
      description:
        'Whether it mends a security fault: the new version, or one between the installed and the new one, comes from a security archive, or a security advisory names it.',
    }),
    security_known: z.boolean().optional().meta({
      description:
        '`false`: its source has no security archive on this host, so `security: false` means nothing. Older agents do not say it.',
    }),
    security_version: Line.nullable().optional().meta({
      description:
        'What `security_only` installs: the newest version from a security archive; it may be older than `available_version`.',
    }),
    origin: Line.nullable().meta({ description: 'Label and suite of its source, `Debian:stable`.' }),
    held: z.boolean(),
    phased: z.boolean(),
    kept_back: z.boolean().nullable().optional().meta({
      description:
        'Whether an ordinary upgrade leaves it for want of something else; `null`: not asked for (`explain=true`), or the package manager cannot say.',
    }),
    reason: z.string().max(4_096).nullable().optional().meta({
      description: 'Why it would stay, in words for people; `null` when nothing is known against it.',
    }),
    requires_reboot: z.boolean(),
  }),
);
export type Patch = z.infer<typeof Patch>;

/** A security update that the host's own settings keep out of the listing. */
export const HiddenSecurityUpdate = lazily(() =>
  z
    .object({
      name: z.string().max(256),
      current_version: z.string().max(256),
      security_version: z.string().max(256),
    })
    .meta({ description: 'A security update that pins or the default release of the host hide.' }),
);
export type HiddenSecurityUpdate = z.infer<typeof HiddenSecurityUpdate>;

export const PatchList = lazily(() =>
  z.object({
    patches: z.array(Patch).max(MAX_ENTRIES),
    total: z.int().nonnegative(),
    security_updates: z.int().nonnegative(),
    requires_reboot: z.boolean(),
    hidden_security: z.array(HiddenSecurityUpdate).max(10_000).optional().meta({
      description:
        'Security updates that are not pending because pins or the default release of the host prefer an older version.',
    }),
    listed_at: z.iso
      .datetime()
      .meta({ description: 'When the host was asked; `lists` says how old what it knows is.' }),
    revision: Revision,
    lists: PackageLists.optional(),
  }),
);
export type PatchList = z.infer<typeof PatchList>;

export const PATCH_STATUSES = ['available', 'held', 'phased', 'all'] as const;

export const PatchQuery = lazily(() =>
  z.strictObject({
    severity: z.enum([...SEVERITIES, 'all']).optional(),
    status: z.enum(PATCH_STATUSES).optional(),
    security: queryFlag.optional(),
    refresh: queryFlag.optional(),
    explain: queryFlag.optional(),
    sort: z.enum(['name', 'severity']).optional(),
    ...paging,
  }),
);
export type PatchQuery = z.infer<typeof PatchQuery>;

const Names = z.array(PackageName).max(5000);

/**
 * Body of `POST /patches/apply`, both forms in one schema.
 *
 * Older form: `packages` is present and none of the newer members is; an empty list means nothing to do.
 * Full form: `all: true`, or neither list present, means everything; `security_only` narrows it.
 */
export const ApplyRequest = lazily(() =>
  z.strictObject({
    packages: Names.nullish(),
    patches: Names.nullish(),
    all: z.boolean().optional(),
    security_only: z.boolean().optional(),
    exclude_packages: z.array(PackageGlob).max(1000).optional(),
    require_all_sources: z.boolean().optional().meta({
      description:
        'Apply nothing while a package source cannot be refreshed. Without it `package_manager.require_all_sources` of the host counts.',
    }),
    allow_removals: allowRemovals,
    plan_hash: PlanHash.optional(),
    allow_reboot: z.boolean().optional(),
    reboot: z.boolean().optional(),
    reboot_delay_seconds: z.int().min(0).max(MAX_REBOOT_DELAY_SECONDS).optional(),
    options: z
      .strictObject({
        reboot: z.boolean().optional(),
        reboot_delay_minutes: z.int().min(0).max(10_080).optional(),
        exclude_packages: z.array(PackageGlob).max(1000).optional(),
      })
      .optional(),
  }),
);
export type ApplyRequest = z.infer<typeof ApplyRequest>;

/** What an apply request asks for, whichever form it came in. */
export interface ApplyPlan {
  readonly selection:
    | { readonly kind: 'none' }
    | { readonly kind: 'all' }
    | { readonly kind: 'security' }
    | { readonly kind: 'names'; readonly names: readonly string[]; readonly securityOnly: boolean };
  readonly exclude: readonly string[];
  /** Undefined where the host's own setting counts. */
  readonly requireAllSources: boolean | undefined;
  /** Whether packages that nobody named may go. */
  readonly allowRemovals: boolean;
  /** The plan that was approved. */
  readonly planHash: string | undefined;
  readonly reboot: boolean;
  readonly rebootDelaySeconds: number;
}

/** Whoever works on a host is warned this long before a reboot, and may cancel it; 0 has to be said. Seconds. */
export const DEFAULT_REBOOT_DELAY_SECONDS = 300;

/** Reads both forms into one plan. */
export function planApply(request: ApplyRequest): ApplyPlan {
  const exclude = [...(request.exclude_packages ?? []), ...(request.options?.exclude_packages ?? [])];
  const delayMinutes = request.options?.reboot_delay_minutes;
  const optionSeconds = delayMinutes === undefined ? DEFAULT_REBOOT_DELAY_SECONDS : delayMinutes * 60;
  return {
    selection: selectionOf(request),
    exclude,
    requireAllSources: request.require_all_sources,
    allowRemovals: request.allow_removals ?? false,
    planHash: request.plan_hash,
    reboot: request.allow_reboot ?? request.reboot ?? request.options?.reboot ?? false,
    rebootDelaySeconds: request.reboot_delay_seconds ?? optionSeconds,
  };
}

function selectionOf(request: ApplyRequest): ApplyPlan['selection'] {
  const securityOnly = request.security_only ?? false;
  if (request.all === true) return { kind: securityOnly ? 'security' : 'all' };
  const lists = [request.packages, request.patches].filter((list) => list !== undefined && list !== null);
  if (lists.length === 0)
    return request.all === false ? { kind: 'none' } : { kind: securityOnly ? 'security' : 'all' };
  const names = [...new Set(lists.flat())];
  return names.length === 0 ? { kind: 'none' } : { kind: 'names', names, securityOnly };
}
