import { z } from 'zod';
import { PackageGlob, PackageVersion } from '../agent-api/packages.ts';
import { lazily } from '../lazily.ts';
import { queryFlag } from '../query.ts';
import { FleetFigures, HostInventory, inventoryPage } from './inventory.ts';

const Count = z.int().nonnegative();
const FIGURES =
  'The whole fleet at that moment: of hosts that are `unknown` the answer has what they had when they were listed last.';

/** A host, as answers about the whole fleet name it. */
const ListedHost = lazily(() =>
  HostInventory.unwrap().pick({ id: true, fqdn: true, state: true, listed_at: true }),
);

export const PackageHoldersQuery = z.strictObject({
  below: PackageVersion.optional().meta({
    description:
      'Only where it is older than this version, as the package manager of each host sorts versions (dpkg, rpm). What cannot be compared with it is counted in `not_comparable`.',
  }),
  ...inventoryPage,
});

const Revision = Count.meta({
  description:
    'Of what the hosts have installed: it grows with each change while the manager runs, and the same number means the same packages.',
});

/** Answer of `GET /inventory/packages/{name}`. */
export const PackageHolders = lazily(() =>
  z.object({
    figures: FleetFigures.unwrap().meta({ description: FIGURES }),
    revision: Revision,
    versions: z
      .array(z.object({ version: z.string(), architecture: z.string(), hosts: Count }))
      .meta({ description: 'The oldest first, a thousand at most.' }),
    hosts: z
      .array(ListedHost.unwrap().extend({ version: z.string(), architecture: z.string() }))
      .meta({ description: 'The oldest version first. A host that has several is there for each.' }),
    total: Count.meta({ description: 'Entries of `hosts`, before paging.' }),
    not_comparable: Count.meta({
      description: 'Entries that `below` leaves out because nobody can tell whether their version is older.',
    }),
  }),
);
export type PackageHolders = z.infer<typeof PackageHolders>;

export const PackageMissingQuery = z.strictObject({
  at_least: PackageVersion.optional().meta({
    description: 'Hosts with an older version, as their package manager sorts versions, lack it as well.',
  }),
  ...inventoryPage,
});

/** Answer of `GET /inventory/packages/{name}/missing`. */
export const PackageMissing = lazily(() =>
  z.object({
    figures: FleetFigures.unwrap().meta({ description: FIGURES }),
    revision: Revision,
    hosts: z
      .array(
        ListedHost.unwrap().extend({
          installed: z
            .array(z.string())
            .meta({ description: 'Older versions that it has, the oldest first; only with `at_least`.' }),
        }),
      )
      .meta({ description: 'By name.' }),
    total: Count.meta({ description: 'Hosts that lack it, before paging.' }),
    not_comparable: Count.meta({
      description: 'Hosts that are left out because nobody can tell whether their version is older.',
    }),
    not_listed: Count.meta({
      description:
        'Hosts that were never listed: nobody knows what they have, so they are not among `hosts`.',
    }),
  }),
);
export type PackageMissing = z.infer<typeof PackageMissing>;

export const KnownPackagesQuery = z.strictObject({ name: PackageGlob.optional(), ...inventoryPage });

/** Answer of `GET /inventory/packages`. */
export const KnownPackages = lazily(() =>
  z.object({
    figures: FleetFigures.unwrap().meta({ description: FIGURES }),
    revision: Revision,
    packages: z
      .array(
        z.object({
          name: z.string(),
          architecture: z.string(),
          version: z.string(),
          hosts: Count.meta({
            description: 'Hosts that had it when they were listed last; 0 for what is nowhere any more.',
          }),
        }),
      )
      .meta({ description: 'By name, then the oldest version first.' }),
    total: Count.meta({ description: 'Package versions that match, before paging.' }),
  }),
);
export type KnownPackages = z.infer<typeof KnownPackages>;

/** How long an update has waited: less than a day, seven, thirty, ninety, or longer; each without those before it. */
export const UPDATE_AGES = ['day', 'week', 'month', 'quarter', 'older'] as const;
export type UpdateAge = (typeof UPDATE_AGES)[number];

export const UpdateQuery = z.strictObject({
  security: queryFlag.optional(),
  age: z.enum(UPDATE_AGES).optional().meta({
    description:
      'Only what has waited so long on its host: less than a day, seven (`week`), thirty (`month`), ninety (`quarter`), or longer; each without those before it.',
  }),
  ...inventoryPage,
});

const WAITING_SINCE =
  'Since when an update of this package waits there; a newer version takes over the time of the one whose place it took, unless it is the first that mends a security fault.';

const Security = z.boolean().nullable().meta({
  description: 'Whether it mends a security fault; null where no host can tell.',
});

/** A package version that waits, and on how many hosts. */
export const WaitingUpdate = lazily(() =>
  z.object({
    name: z.string(),
    architecture: z.string(),
    version: z.string(),
    security: Security,
    hosts: Count.meta({ description: 'Hosts on which it waited when they were listed last.' }),
    unknown: Count.meta({
      description: 'Those of `hosts` that are `unknown`: it may be installed there by now.',
    }),
    first_seen_at: z.iso
      .datetime()
      .meta({ description: 'When it was first seen to wait on one of these hosts.' }),
    waiting_since: z.iso
      .datetime()
      .meta({ description: `Of the host on which it waits longest. ${WAITING_SINCE}` }),
  }),
);
export type WaitingUpdate = z.infer<typeof WaitingUpdate>;

/** Answer of `GET /inventory/updates`. */
export const WaitingUpdates = lazily(() =>
  z.object({
    figures: FleetFigures.unwrap().meta({ description: FIGURES }),
    updates: z
      .array(WaitingUpdate)
      .meta({ description: 'Those that mend security faults first, then what waits on most hosts.' }),
    total: Count.meta({ description: 'Updates that match, before paging.' }),
    waiting: Count.meta({
      description: 'How often they wait, on all hosts together: the sum of `hosts` before paging.',
    }),
  }),
);
export type WaitingUpdates = z.infer<typeof WaitingUpdates>;

/** Answer of `GET /inventory/update-ages`. */
export const UpdateAges = lazily(() =>
  z.object({
    figures: FleetFigures.unwrap().meta({ description: FIGURES }),
    ages: z
      .array(
        z.object({
          age: z.enum(UPDATE_AGES),
          security: Count.meta({ description: 'Those that mend security faults.' }),
          other: Count.meta({ description: 'Those that do not, or of which no host can tell.' }),
        }),
      )
      .meta({
        description:
          'What waits by how long it has waited on its host, each update counted once for each host, by the last listings; the youngest first, every age.',
      }),
  }),
);
export type UpdateAges = z.infer<typeof UpdateAges>;

/** An update that waits on one host. */
export const HostUpdate = lazily(() =>
  ListedHost.unwrap().extend({
    architecture: z.string(),
    installed_version: z.string(),
    version: z.string(),
    security: Security,
    security_version: z.string().nullable().meta({
      description: 'The newest version from a security archive, where that is another one.',
    }),
    held: z.boolean(),
    phased: z.boolean(),
    hidden: z.boolean().meta({ description: 'Pins or the default release of the host keep it away.' }),
    first_seen_at: z.iso.datetime(),
    waiting_since: z.iso.datetime().meta({ description: WAITING_SINCE }),
  }),
);
export type HostUpdate = z.infer<typeof HostUpdate>;

/** Answer of `GET /inventory/updates/{name}`. */
export const PackageUpdates = lazily(() =>
  z.object({
    figures: FleetFigures.unwrap().meta({ description: FIGURES }),
    hosts: z.array(HostUpdate).meta({ description: 'Security updates first, then by the name of the host.' }),
    total: Count.meta({ description: 'Entries of `hosts`, before paging.' }),
  }),
);
export type PackageUpdates = z.infer<typeof PackageUpdates>;

export const HostChangesQuery = z.strictObject({ ...inventoryPage });

/** What a listing differed from the one before by. */
export const SeenChange = lazily(() =>
  z.object({
    seen_at: z.iso.datetime().meta({ description: 'When the host was listed; it happened before.' }),
    job_id: z.uuid().nullable().meta({
      description:
        'The job that did it, of this manager or of root of the host (`by_root` of the job); null for what happened outside of them.',
    }),
    packages: z
      .array(
        z.object({
          name: z.string(),
          architecture: z.string(),
          before: z.string().nullable().meta({ description: 'null: it was not installed.' }),
          after: z.string().nullable().meta({ description: 'null: it is not installed any more.' }),
        }),
      )
      .meta({ description: 'By name, 500 at most.' }),
    more: Count.meta({ description: 'Packages that are not named here.' }),
  }),
);
export type SeenChange = z.infer<typeof SeenChange>;

/** Answer of `GET /hosts/{id}/changes`, the newest first. */
export const HostChanges = lazily(() =>
  z.object({
    host: HostInventory,
    changes: z.array(SeenChange),
    total: Count.meta({ description: 'Changes on record, before paging.' }),
  }),
);
export type HostChanges = z.infer<typeof HostChanges>;
