import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { paging, queryFlag } from '../query.ts';
import { Line, MAX_ENTRIES, Prose } from '../text-bounds.ts';
import { PackageLists, Revision } from './package-lists.ts';

/**
 * Package names of every package manager: Debian's (deb-control(5)), and those of rpm, pacman and apk with capitals, `_`
 * and `@`, optionally with `:architecture` or `.architecture`. Never starts with `-`, which would be an option, nor with
 * `@`, which is a group for dnf. What a package manager does not know by that very name is refused by its adapter.
 */
export const PackageName = z
  .string()
  .min(1, 'a package name cannot be empty')
  .max(256, 'a package name has at most 256 characters')
  .regex(
    /^[a-zA-Z0-9_][a-zA-Z0-9+._@-]*(:[a-zA-Z0-9]+(?:[_-][a-zA-Z0-9]+)*)?$/,
    'a package name starts with a letter, digit or _ and has only letters, digits, + . _ @ - (and :architecture at its end)',
  );

export const PackageVersion = z
  .string()
  .min(1, 'a version cannot be empty')
  .max(256, 'a version has at most 256 characters')
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9+.:~_^-]*$/,
    'a version starts with a letter or digit and has only letters, digits, + . : ~ _ ^ -',
  );

/** A name with `*` and `?` wildcards. */
export const PackageGlob = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[a-zA-Z0-9_*?][a-zA-Z0-9+._@*?:-]*$/, 'a name pattern has only letters, digits, + . _ @ - : * ?');

export const PACKAGE_STATUSES = ['installed', 'upgradable', 'available', 'held'] as const;
export type PackageStatus = (typeof PACKAGE_STATUSES)[number];

/** What a package was built from; advisories of distributions go by it. Older agents do not say it. */
export const sourceFields = {
  source_name: Line.nullable().optional().meta({
    description:
      'The source package that the installed version was built from; null where that is not known.',
  }),
  source_version: Line.nullable().optional().meta({
    description: 'Its version, which a rebuild (`+b1`) does not change.',
  }),
};

/** One package in a listing. */
export const Package = lazily(() =>
  z.object({
    name: Line,
    version: Line,
    architecture: Line,
    status: z.enum(PACKAGE_STATUSES),
    upgradable: z.boolean(),
    latest_version: Line.nullable(),
    description: Prose,
    size_bytes: z.int().nonnegative().nullable(),
    held: z.boolean(),
    origin: Line.nullable(),
    ...sourceFields,
    security: z.boolean().meta({ description: 'Whether a pending update mends a security fault.' }),
    security_known: z.boolean().optional().meta({
      description:
        '`false`: `security: false` means nothing, because this host has no lists, or the source of the update has no security archive. Older agents do not say it.',
    }),
    cve_ids: z.array(Line).max(MAX_ENTRIES),
  }),
);
export type Package = z.infer<typeof Package>;

export const PackageList = lazily(() =>
  z.object({
    packages: z.array(Package).max(MAX_ENTRIES),
    total: z.int().nonnegative().meta({ description: 'Number of packages that match, before paging.' }),
    limit: z.int().nullable(),
    offset: z.int().nonnegative(),
    revision: Revision,
    lists: PackageLists.optional(),
  }),
);
export type PackageList = z.infer<typeof PackageList>;

/** Answer of `GET /packages/{name}`. */
export const PackageDetail = lazily(() =>
  Package.unwrap().extend({
    dependencies: z.array(Line).max(MAX_ENTRIES),
    reverse_dependencies: z.array(Line).max(MAX_ENTRIES),
    maintainer: Line.nullable(),
    homepage: Line.nullable(),
    license: Prose.nullable(),
    files: z.array(Line).max(MAX_ENTRIES),
    installed_at: z.iso.datetime().nullable(),
    available_version: Line.nullable(),
  }),
);
export type PackageDetail = z.infer<typeof PackageDetail>;

/** Lower case is ours; the capitalised spelling is what older clients send. */
const StatusFilter = Line.transform((text) => text.toLowerCase()).pipe(
  z.enum(['installed', 'upgradable', 'held', 'available', 'all']),
);

export const PackageQuery = lazily(() =>
  z.strictObject({
    name: PackageGlob.optional(),
    status: StatusFilter.optional(),
    sort: z.enum(['name', 'version', 'size']).optional(),
    refresh: queryFlag.optional(),
    ...paging,
  }),
);
export type PackageQuery = z.infer<typeof PackageQuery>;

const ALLOW_REMOVALS =
  'Lets packages go that nobody named. Without it a change that would remove one ends as `DEPENDENCY_CONFLICT` with their names, and changes nothing.';

/** Of every change. */
export const allowRemovals = z.boolean().optional().meta({ description: ALLOW_REMOVALS });

/** Of every change that is to do what its plan said. */
export const PlanHash = z
  .string()
  .max(64)
  .regex(/^[0-9a-f]{64}$/, 'a plan hash is 64 hexadecimal digits')
  .meta({
    description:
      'The plan that was approved. It is made once more right before the change; when it is another, the job ends as `PLAN_CHANGED` and changes nothing.',
  });

export const InstallOptions = lazily(() =>
  z.strictObject({
    force: z.boolean().optional(),
    no_recommends: z.boolean().optional(),
    allow_downgrade: z.boolean().optional(),
    allow_removals: allowRemovals,
  }),
);
export type InstallOptions = z.infer<typeof InstallOptions>;

/** What options of a request say; what they do not say is not allowed. */
export function installOptions(options: InstallOptions | undefined) {
  return {
    force: options?.force ?? false,
    noRecommends: options?.no_recommends ?? false,
    allowDowngrade: options?.allow_downgrade ?? false,
    allowRemovals: options?.allow_removals ?? false,
  };
}

/** Body of `POST /packages`. */
export const InstallRequest = lazily(() =>
  z.strictObject({
    packages: z
      .array(z.strictObject({ name: PackageName, version: PackageVersion.nullish() }))
      .min(1, 'name at least one package')
      .max(1000),
    options: InstallOptions.optional(),
    plan_hash: PlanHash.optional(),
  }),
);
export type InstallRequest = z.infer<typeof InstallRequest>;

/** Body of `PUT /packages/{name}`; absent means the newest version. */
export const UpdateRequest = lazily(() =>
  z.strictObject({
    version: PackageVersion.nullish(),
    options: InstallOptions.optional(),
    plan_hash: PlanHash.optional(),
  }),
);
export type UpdateRequest = z.infer<typeof UpdateRequest>;

/** Query of `DELETE /packages/{name}`. */
export const RemoveQuery = lazily(() =>
  z.strictObject({
    purge: z.enum(['true', 'false']).optional(),
    force: z.enum(['true', 'false']).optional(),
    allow_removals: z.enum(['true', 'false']).optional().meta({ description: ALLOW_REMOVALS }),
    plan_hash: PlanHash.optional(),
  }),
);
export type RemoveQuery = z.infer<typeof RemoveQuery>;

/** Body of `POST /packages/hold` and `POST /packages/unhold`. */
export const HoldRequest = lazily(() =>
  z.strictObject({
    packages: z.array(PackageName).min(1, 'name at least one package').max(1000),
  }),
);
export type HoldRequest = z.infer<typeof HoldRequest>;
