import { lazily } from '@linux-patch/contract';
import { z } from 'zod';

/** Bounds of what the contract lets a listing say. */
const Text = z.string().max(4_096);
const Description = z.string().max(65_536);

const SourcePackage = z.object({ name: Text, version: Text }).nullable();

/** An installed package, as it is kept on disk. */
export const InstalledSchema = lazily(() =>
  z.object({
    name: Text,
    version: Text,
    architecture: Text,
    description: Description,
    sizeBytes: z.number().nullable(),
    // Agents before 1.3 did not write it down.
    source: SourcePackage.default(null),
    held: z.boolean(),
    broken: z.boolean(),
  }),
);
