import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { Line, MAX_ENTRIES, Prose } from '../text-bounds.ts';

/** What the policy of a host can let others ask for. */
export const POLICY_OPERATIONS = ['update', 'install', 'remove', 'reboot', 'restart-service'] as const;
export type PolicyOperation = (typeof POLICY_OPERATIONS)[number];

/** Why the policy of a host denies a change: `details.policy` of `POLICY_DENIED`, and part of a plan. */
export const PolicyDenial = lazily(() =>
  z.object({
    rule: Line.meta({
      description: 'The key of the policy that denies it; empty: the file itself is faulty.',
    }),
    file: Line,
    line: z
      .int()
      .positive()
      .nullable()
      .meta({ description: 'Where the rule stands in the file; `null` where it is not in one line.' }),
    reason: Prose.meta({
      description: 'What the rule says, and what the change would do; a clause for people.',
    }),
    packages: z.array(Line).max(MAX_ENTRIES).meta({ description: 'Packages that it is about.' }),
  }),
);
export type PolicyDenial = z.infer<typeof PolicyDenial>;
