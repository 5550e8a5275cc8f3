import { lazily } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import { z } from 'zod';
import type { PackageInventory, SourceState } from '../package-interface/package-inventory.ts';
import type { RefreshedSources } from '../package-interface/package-operations.ts';
import { AnyErrorCode } from './answer.ts';

const MOST_SOURCES = 10_000;
const Text = z.string().max(4_096);
const MOST_CHARACTERS = 65_536;

/** Answer to `sources`, see `SourceState`; what is not known is absent. */
export const SourcesAnswer = lazily(() =>
  z
    .array(
      z.strictObject({
        id: Text,
        uri: Text,
        label: Text.optional(),
        suite: Text.optional(),
        codename: Text.optional(),
        security: z.boolean(),
        present: z.boolean(),
        publishedAtMs: z.number().optional(),
        servedAtMs: z.number().optional(),
        fetchedAtMs: z.number().optional(),
        validUntilMs: z.number().optional(),
      }),
    )
    .max(MOST_SOURCES),
);
export type SourcesAnswer = z.infer<typeof SourcesAnswer>;

/** Answer to `refresh`. */
export const RefreshAnswer = lazily(() =>
  z.strictObject({
    /** The sources that failed while others did not, see `SourceFailure`. */
    failed: z
      .array(
        z.strictObject({
          id: Text.optional(),
          source: Text,
          reason: z.string().max(MOST_CHARACTERS),
          code: AnyErrorCode,
          security: z.boolean(),
        }),
      )
      .max(MOST_SOURCES),
    /** Ids of the sources that did not fail; jobs of an earlier release did not say it. */
    healthy: z.array(Text).max(MOST_SOURCES).default([]),
    /** What there is afterwards; absent where that cannot be read. */
    sources: SourcesAnswer.optional(),
  }),
);
export type RefreshAnswer = z.infer<typeof RefreshAnswer>;

/** As a listing has them. */
export function sourcesAnswer(sources: readonly SourceState[]): SourcesAnswer {
  return sources.map((one) => ({
    id: one.id,
    uri: one.uri,
    label: one.label,
    suite: one.suite,
    codename: one.codename,
    security: one.security,
    present: one.present,
    publishedAtMs: one.publishedAtMs,
    servedAtMs: one.servedAtMs,
    fetchedAtMs: one.fetchedAtMs,
    validUntilMs: one.validUntilMs,
  }));
}

/** What came of a refresh, within what an answer may be. */
export async function refreshAnswer(
  { failed, healthy }: RefreshedSources,
  inventory: Pick<PackageInventory, 'sources'>,
  logger: Logger,
): Promise<RefreshAnswer> {
  const sources = await inventory.sources().catch((error: unknown) => {
    logger.warn('the package sources cannot be read', { error });
    return undefined;
  });
  return {
    healthy: healthy.filter((id) => id.length <= 4_096),
    failed: failed.map(({ id, source, reason, code, security }) => ({
      id: id?.slice(0, 4_096),
      source: source.slice(0, 4_096),
      reason: reason.slice(0, MOST_CHARACTERS),
      code,
      security,
    })),
    sources: sources && sourcesAnswer(sources),
  };
}
