import { z } from 'zod';
import { lazily } from '../lazily.ts';

/** How many labels a host has at most. */
export const MAX_LABELS = 32;

/** By what hosts are told apart, for example `env`. */
export const LabelKey = z
  .string()
  .max(63)
  .regex(
    /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/,
    'must be small letters, digits, dots, hyphens and underscores, and begin and end with a letter or digit, for example env',
  );

/** What a host is by that, for example `prod`. */
export const LabelValue = z
  .string()
  .max(63)
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
    'must be letters, digits, dots, hyphens and underscores, and begin and end with a letter or digit, for example prod',
  );

/** Labels of a host, by key. Only people and join tokens set them, never what a host says of itself. */
export const Labels = z
  .record(LabelKey, LabelValue)
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `must be at most ${MAX_LABELS} labels`);
export type Labels = z.infer<typeof Labels>;

/** Body of `PUT /hosts/{id}/labels`: other labels stay as they are. */
export const LabelChange = lazily(() =>
  z
    .strictObject({
      set: Labels.optional(),
      remove: z.array(LabelKey).max(MAX_LABELS).optional(),
    })
    .refine(
      ({ set = {}, remove = [] }) => Object.keys(set).length + remove.length > 0,
      'names nothing to change',
    )
    .refine(
      ({ set = {}, remove = [] }) => !remove.some((key) => Object.hasOwn(set, key)),
      'must not set and remove the same label',
    ),
);
export type LabelChange = z.infer<typeof LabelChange>;
