import type { PolicyValues } from './schema.ts';

/** What the host's administrator has written. */
export interface Policy {
  readonly file: string;
  /** False when there is no file; then everything has its default. */
  readonly written: boolean;
  readonly values: PolicyValues;
  /** The line of a key, or of an item of a list (`excluded_packages.0`); undefined for what the file does not say. */
  readonly lineOf: (key: string) => number | undefined;
}

/** A policy that cannot be relied on: nothing may be changed. */
export interface FaultyPolicy {
  readonly file: string;
  /** One line each. */
  readonly faults: readonly string[];
}

/** What was found at the place of the policy. */
export type PolicyReading = Policy | FaultyPolicy;

export function isFaulty(reading: PolicyReading): reading is FaultyPolicy {
  return 'faults' in reading;
}
