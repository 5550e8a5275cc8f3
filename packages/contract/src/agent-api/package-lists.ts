import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { CACHE_STATUSES } from './health.ts';
import { InstanceHeaders } from './job-headers.ts';

/** Headers of a listing. */
export const ListingHeaders = InstanceHeaders.extend({
  'If-None-Match': z.string().max(4_096).optional().meta({
    description:
      'The `ETag` of an earlier answer to the same question: while nothing has changed, the answer is 304 without a body. Answers with `explain=true` have none.',
  }),
});

/** What listings are named by. */
export const Revision = z.string().max(128).optional().meta({
  description:
    'Names what this host has installed, its lists and its settings: the same while nothing of it changes, whatever is asked for. Older agents do not say it.',
});

const Word = z.string().max(1_024);

/** A package source of a host, and how old what the host knows of it is. */
export const ListSource = lazily(() =>
  z.object({
    uri: z.string().max(4_096).meta({ description: 'Where its Release file is, without user and password.' }),
    label: Word.nullable(),
    suite: Word.nullable(),
    codename: Word.nullable(),
    security: z.boolean().meta({ description: "Whether it is a distribution's security archive." }),
    present: z
      .boolean()
      .meta({ description: '`false`: this host has no lists of it, so nothing is known of its updates.' }),
    fetched_at: z.iso
      .datetime()
      .nullable()
      .optional()
      .meta({
        description:
          'When this host last got what it has of it, or heard that it is still the newest, whoever refreshed; `null`: nobody knows. It was perhaps later, ' +
          'never before: where somebody else refreshed and nothing was new, that is seen late (dnf, zypper) or not (apt, pacman). Agents before 1.3 do not say it.',
      }),
    published_at: z.iso.datetime().nullable().meta({
      description:
        'When its owner made what this host has, as the owner says; `null` where the owner does not (pacman, apt without a Release file).',
    }),
    valid_until: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'When its owner wants that to count no more.' }),
    error: z.string().max(1_024).optional().meta({
      description:
        'Why the last refresh failed for it, in one line; what it offered before still counts. Absent when it did not fail, when its lists came since, and from agents before 1.3.',
    }),
  }),
);
export type ListSource = z.infer<typeof ListSource>;

/** What a listing stands on. */
export const PackageLists = lazily(() =>
  z
    .object({
      status: z.enum(CACHE_STATUSES).meta({
        description:
          '`fresh`, or `stale`: not checked for four hours, or what the sources offer is itself old; `failed`: the last refresh failed; `unknown`: never checked.',
      }),
      message: z.string().max(65_536).meta({ description: '`ok`, or what is wrong with the lists.' }),
      refreshed_at: z.iso
        .datetime()
        .nullable()
        .meta({ description: 'When this agent last asked the sources for news with success.' }),
      sources: z.array(ListSource).max(10_000),
    })
    .meta({ description: 'What the answer stands on. Agents before 1.2 do not say it.' }),
);
export type PackageLists = z.infer<typeof PackageLists>;
