import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { OneLine } from '../text-bounds.ts';
import { MAX_SELECTOR_CHARACTERS } from './host-selector.ts';
import { LabelValue } from './labels.ts';

/** How many saved searches there are at most. */
export const MAX_SAVED_SEARCHES = 500;

/** By what a saved search is used; no two differ by case alone. */
export const SearchName = LabelValue;

/** A selection of hosts under a name, which everybody shares; it is looked up whenever it is used. */
export const SavedSearch = lazily(() =>
  z.object({
    name: z.string(),
    hosts: z.string().meta({ description: 'The selection, as it was written.' }),
    changed_at: z.iso.datetime(),
    changed_by: z.string(),
  }),
);
export type SavedSearch = z.infer<typeof SavedSearch>;

export const SavedSearchList = z.object({ searches: z.array(SavedSearch), total: z.int() });

const Selection = OneLine(MAX_SELECTOR_CHARACTERS).meta({
  description:
    'A selection as `GET /hosts` takes it, without `@saved:`. Every host, group and word in it must be there; that it means a host now is not needed.',
});

/** Body of `POST /searches`. */
export const CreateSearch = z.strictObject({ name: SearchName, hosts: Selection });
export type CreateSearch = z.infer<typeof CreateSearch>;

/** Body of `PUT /searches/{name}`. */
export const SearchChange = z.strictObject({ hosts: Selection });
