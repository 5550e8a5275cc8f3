import type { Bundle } from '@linux-patch/contract';
import type { CheckId } from '@linux-patch/pki';
import type { BundleExpectation } from '../../src/identity/bundle-check.ts';

/** Name, the check that refuses, what differs from a good bundle, what it is held against. */
export type Case = readonly [string, CheckId, Partial<Bundle>, Partial<BundleExpectation>?];

/** The manager makes the key. */
export const MANAGER_KEY = { ownKeyPem: undefined } as const;
