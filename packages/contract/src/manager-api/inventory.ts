import { z } from 'zod';
import { PackageGlob } from '../agent-api/packages.ts';
import { lazily } from '../lazily.ts';
import { wholeNumber } from '../query.ts';

export const INVENTORY_STATES = ['current', 'behind', 'unknown'] as const;
/** How a host fares by its last listing. */
export type InventoryState = (typeof INVENTORY_STATES)[number];

const State = z.enum(INVENTORY_STATES).meta({
  description:
    '`behind`: updates wait; `current`: none does, and its package lists are fresh; `unknown`: it was never listed, its last listing failed or is too old, or nobody can know that nothing waits.',
});

const When = z.iso.datetime().nullable();

/** The most entries of one answer. */
export const MAX_PAGE = 1_000;
/** Entries of an answer that was asked for without `limit`. */
export const DEFAULT_PAGE = 100;

/** Which part of a listing; numbers of entries. */
export const inventoryPage = {
  limit: wholeNumber(1, MAX_PAGE).optional(),
  offset: wholeNumber(0, 10_000_000).optional(),
};

/** How the fleet fares; `current`, `behind` and `unknown` are all hosts that have not left. */
export const FleetFigures = lazily(() =>
  z.object({
    hosts: z.int().nonnegative(),
    current: z.int().nonnegative(),
    behind: z.int().nonnegative(),
    unknown: z.int().nonnegative(),
    not_asked: z
      .int()
      .nonnegative()
      .meta({ description: 'Those of `unknown` that joined and were not asked yet.' }),
    security: z
      .int()
      .nonnegative()
      .meta({ description: 'Those of `behind` on which security updates wait.' }),
    oldest_listed_at: When.meta({
      description: 'The oldest listing that `current` and `behind` stand on; null where there is none.',
    }),
  }),
);
export type FleetFigures = z.infer<typeof FleetFigures>;

/** What is known of the packages of a host; counts are of its last good listing, whatever its state. */
export const HostInventory = lazily(() =>
  z.object({
    id: z.uuid(),
    fqdn: z.string(),
    state: State,
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it is `unknown`, for people; null when it is not.' }),
    listed_at: When.meta({ description: 'When the host last said so; null when it never did.' }),
    checked_at: When.meta({ description: 'When it was asked last, with or without success.' }),
    packages: z.int().nonnegative(),
    updates: z.int().nonnegative(),
    security_updates: z.int().nonnegative(),
  }),
);
export type HostInventory = z.infer<typeof HostInventory>;

/** The most hosts of one answer about the fleet: each costs a look at all of them. */
const MAX_HOSTS = 10_000;

export const InventoryQuery = z.strictObject({
  state: z.enum(INVENTORY_STATES).optional(),
  ...inventoryPage,
  limit: wholeNumber(1, MAX_HOSTS).optional(),
});

/** Answer of `GET /inventory`. */
export const FleetInventory = lazily(() =>
  z.object({
    figures: FleetFigures,
    hosts: z.array(HostInventory),
    total: z.int().nonnegative().meta({ description: 'Hosts that match, before paging.' }),
  }),
);
export type FleetInventory = z.infer<typeof FleetInventory>;

export const HostInventoryQuery = z.strictObject({ name: PackageGlob.optional(), ...inventoryPage });

/** Why an update would stay when everything is updated, as far as a listing tells; what is kept back for want of something else is known only when the host plans. */
const STAYS = ['held', 'phased', 'hidden'] as const;

/** A package that a host has installed. */
export const InstalledPackage = lazily(() =>
  z.object({
    name: z.string(),
    version: z.string(),
    architecture: z.string(),
    source_name: z.string().nullable(),
    source_version: z.string().nullable(),
    candidate: z.string().nullable().meta({ description: 'The version that waits; null where none does.' }),
    security: z.boolean().nullable().meta({
      description: 'Whether that mends a security fault; null where the host cannot tell, or none waits.',
    }),
    stays: z.array(z.enum(STAYS)).max(STAYS.length).meta({
      description:
        'Why that would stay when everything is updated: `held` on the host; `phased`, published for a share of machines that it is not part of yet; `hidden` by its pins or its default release.',
    }),
  }),
);
export type InstalledPackage = z.infer<typeof InstalledPackage>;

/** Answer of `GET /hosts/{id}/inventory`. */
export const HostPackages = lazily(() =>
  z.object({
    host: HostInventory,
    packages: z.array(InstalledPackage),
    total: z.int().nonnegative().meta({ description: 'Packages that match, before paging.' }),
  }),
);
export type HostPackages = z.infer<typeof HostPackages>;
