import { lazily, PatchError } from '@linux-patch/contract';
import { z } from 'zod';

/** Bounds of what the helper may say; a repository chooses most of it. */
const Text = z.string().max(4_096);
const Long = z.string().max(65_536);
const Id = z.string().min(1).max(512);
const Bytes = z.number().nonnegative();
const MOST = 200_000;

const SourceAnswer = lazily(() =>
  z.object({
    id: Id,
    name: Text,
    url: Text,
    present: z.boolean(),
    /** When its owner made what this host has, seconds since the epoch. */
    published: z.number().nullable(),
    /** When this host last got that, or heard that it is still the newest. */
    fetched: z.number().nullable(),
    /** It says which of its packages mend what. */
    advisories: z.boolean(),
  }),
);
export type SourceAnswer = z.infer<typeof SourceAnswer>;

const AdvisoryAnswer = lazily(() =>
  z.object({
    id: Id,
    name: Id,
    arch: Id,
    version: Id,
    security: z.boolean(),
    severity: Text,
    cves: z.array(Text).max(10_000),
  }),
);
export type AdvisoryAnswer = z.infer<typeof AdvisoryAnswer>;

const UpdateAnswer = lazily(() =>
  z.object({
    name: Id,
    arch: Id,
    version: Id,
    held: z.boolean(),
    repositories: z.array(Id).max(1_000),
  }),
);
export type UpdateAnswer = z.infer<typeof UpdateAnswer>;

export const ReadAnswer = lazily(() =>
  z.object({
    sources: z.array(SourceAnswer).max(1_000),
    updates: z.array(UpdateAnswer).max(MOST),
    advisories: z.array(AdvisoryAnswer).max(MOST),
  }),
);
export type ReadAnswer = z.infer<typeof ReadAnswer>;

export const OfferedAnswer = lazily(() =>
  z.object({
    names: z
      .array(z.object({ name: Id, arch: Id }))
      .max(MOST)
      .nullable(),
  }),
);

const PackageAnswer = z.object({ name: Id, arch: Id, version: Id });
export const PlanAnswer = lazily(() =>
  z.object({
    refusal: Long.nullable(),
    coming: z.array(PackageAnswer).max(MOST),
    going: z.array(PackageAnswer).max(MOST),
  }),
);
export type PlanAnswer = z.infer<typeof PlanAnswer>;

export const VersionsAnswer = lazily(() =>
  z.object({ versions: z.record(z.string().max(512), z.array(Id).max(10_000)) }),
);
export const ProvidersAnswer = z.object({ names: z.array(Id).max(MOST) });

export const FilesAnswer = lazily(() =>
  z.object({
    found: z
      .array(z.array(z.object({ repository: Id, download: Bytes, installed: Bytes })).max(1_000))
      .max(MOST),
    sources: z.array(SourceAnswer).max(1_000),
  }),
);

export const DetailAnswer = lazily(() =>
  z.object({
    package: z
      .object({
        name: Id,
        arch: Id,
        version: Id,
        summary: Text,
        size: Bytes,
        license: Long,
        homepage: Text,
        packager: Text,
        requires: z.array(Text).max(MOST),
        needed_by: z.array(Id).max(MOST),
        files: z.array(Text).max(1_000_000),
        /** Seconds since the epoch; null when it is only available. */
        installed_at: z.number().nullable(),
        available: Id.nullable(),
      })
      .nullable(),
  }),
);

/** @throws PatchError for an answer that is an error, or that is not what was asked for */
export function readAnswer<T>(what: string, said: unknown, schema: z.ZodType<T>): T {
  if (typeof said === 'object' && said !== null && 'error' in said)
    throw new PatchError('PKG_MANAGER_ERROR', `${what} failed: ${String(said.error).slice(0, 2_000)}`);
  const parsed = schema.safeParse(said);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new PatchError('PKG_MANAGER_ERROR', `${what} gave an answer that is not understood (${where}).`);
}

/** Undefined, which fits no schema, for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
