import { type JobResult, LEFT_OUT_WHYS, lazily } from '@linux-patch/contract';
import { z } from 'zod';

/** What a package manager could not or would not do for one package, as an error code of the job. */
const LEFT_OUT_CODES = [
  'DEPENDENCY_CONFLICT',
  'PKG_NOT_FOUND',
  'GPG_ERROR',
  'NETWORK_ERROR',
  'PKG_MANAGER_ERROR',
  'POLICY_DENIED',
  'VERSION_NOT_AVAILABLE',
] as const;

/** A wanted change that stays out while the rest goes in. */
export const LeftOut = lazily(() =>
  z.object({
    name: z.string(),
    current: z.string().nullable(),
    /** The version that stays out; null where there is none. */
    version: z.string().nullable(),
    security: z.boolean(),
    /** Whether the job named this very package: then leaving it out is no success. */
    asked: z.boolean(),
    /** What keeps it out, for programs. */
    why: z.enum(LEFT_OUT_WHYS).default('refused'),
    /** A clause for people. */
    reason: z.string(),
    /** Packages that would have to go for it. */
    removals: z.array(z.string()).optional(),
    code: z.enum(LEFT_OUT_CODES),
  }),
);
export type LeftOut = z.infer<typeof LeftOut>;

/** Updates that a sentence names; the results of the job have them all. */
const NAMED_LIMIT = 20;

/** Security updates first. */
export function sortLeftOut(left: readonly LeftOut[]): LeftOut[] {
  return left.toSorted((a, b) => Number(b.security) - Number(a.security) || (a.name < b.name ? -1 : 1));
}

/** One sentence on what stays out and why; undefined when nothing does. */
export function describeLeftOut(left: readonly LeftOut[]): string | undefined {
  if (left.length === 0) return undefined;
  const names = sortLeftOut(left)
    .slice(0, NAMED_LIMIT)
    .map(({ name, version, security, reason }) => {
      const what = [security ? 'security update' : undefined, name, version ?? undefined];
      return `${what.filter(Boolean).join(' ')} (${reason})`;
    });
  const more = left.length > NAMED_LIMIT ? `; and ${left.length - NAMED_LIMIT} more` : '';
  return `Left out: ${names.join('; ')}${more}.`;
}

/** Packages that would have to go for what was named, as facts of an error; none when nothing would. */
export function removalDetails(left: readonly LeftOut[]): { readonly removals?: readonly string[] } {
  const removals = left.flatMap((one) => (one.asked ? (one.removals ?? []) : []));
  return removals.length > 0 ? { removals: [...new Set(removals)] } : {};
}

/** The results of a job with what stays out among them; what was changed all the same counts more. */
export function withLeftOut(results: readonly JobResult[], left: readonly LeftOut[]): JobResult[] {
  const reasons = new Map(sortLeftOut(left).map((one) => [one.name, one]));
  const known = results.map((one) => {
    const stays = one.action === 'unchanged' ? reasons.get(one.name) : undefined;
    return stays ? { ...one, reason: reasonOf(stays), error_code: stays.code } : one;
  });
  const names = new Set(results.map((one) => one.name));
  const rest = [...reasons.values()]
    .filter((one) => !names.has(one.name))
    .map((one) => ({
      name: one.name,
      action: 'unchanged' as const,
      version_before: one.current,
      version_after: one.current,
      reason: reasonOf(one),
      error_code: one.code,
    }));
  return [...known, ...rest];
}

function reasonOf({ version, security, reason }: LeftOut): string {
  const what = `${security ? 'security update' : 'update'}${version === null ? '' : ` ${version}`}`;
  return `${what} left out: ${reason}`;
}
