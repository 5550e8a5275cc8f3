import { z } from 'zod';
import { InstalledSchema, SourcePackage, Text } from './installed-schema.ts';
import type { PackageSnapshot } from './package-facts.ts';

/** More than any host has. */
const MOST = 200_000;
const MOST_SOURCES = 10_000;
const Instant = z.number().nonnegative();

/** JSON has no `undefined`; what is not known is null there. */
function maybe<S extends z.ZodType>(schema: S) {
  return schema.nullable().transform((value): z.output<S> | undefined => value ?? undefined);
}

const Source = z.object({
  uri: Text,
  label: maybe(Text),
  suite: maybe(Text),
  codename: maybe(Text),
  security: z.boolean(),
  present: z.boolean(),
  publishedAtMs: maybe(z.number()),
  validUntilMs: maybe(z.number()),
  origin: maybe(Text),
  lists: z.array(Text).max(MOST_SOURCES),
});

const Update = z.object({
  name: Text,
  id: Text,
  architecture: Text,
  currentVersion: Text,
  newVersion: Text,
  source: SourcePackage,
  origins: z.array(Text).max(MOST_SOURCES),
  held: z.boolean(),
  phasedPercent: maybe(z.number()),
  phased: z.boolean(),
  offered: maybe(z.boolean()),
  security: z.boolean(),
  securityVersion: maybe(Text),
  securityKnown: z.boolean(),
  description: InstalledSchema.shape.description,
});

const HiddenSecurity = z.object({ name: Text, id: Text, currentVersion: Text, version: Text });

const Snapshot = z.object({
  installed: z.array(InstalledSchema).max(MOST),
  pending: maybe(
    z.object({
      updates: z.array(Update).max(MOST),
      hiddenSecurity: z.array(HiddenSecurity).max(MOST),
    }),
  ),
  sources: z.array(Source).max(MOST_SOURCES),
  listedAtMs: Instant,
});

/** @throws when the text is not what `snapshotText` makes. */
export function parseSnapshot(text: string): PackageSnapshot {
  return Snapshot.parse(JSON.parse(text));
}

/** A snapshot in one line. */
export function snapshotText(snapshot: PackageSnapshot): string {
  return JSON.stringify(snapshot, (_name, value: unknown) => (value === undefined ? null : value));
}
