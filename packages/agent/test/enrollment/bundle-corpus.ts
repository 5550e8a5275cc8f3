import type { Bundle } from '@linux-patch/contract';
import type { CheckId } from '@linux-patch/pki';
import type { BundleExpectation } from '../../src/identity/bundle-check.ts';
import { badAuthorities } from './bad-authorities.ts';
import { badCertificates } from './bad-certificates.ts';
import { badTexts } from './bad-texts.ts';
import type { CorpusWorld } from './corpus-world.ts';

/** A bundle that must be refused, and by which check. */
interface BadBundle {
  readonly name: string;
  readonly check: CheckId;
  readonly bundle: Bundle;
  readonly expected: Partial<BundleExpectation>;
}

/** More than 200 bundles, each wrong in one way. */
export async function badBundles(world: CorpusWorld): Promise<BadBundle[]> {
  const cases = [...badTexts(world), ...(await badAuthorities(world)), ...(await badCertificates(world))];
  return cases.map(([name, check, change, expected = {}]) => {
    // With a key from the manager a case says everything itself, because the good bundle is for our own key.
    const base = 'ownKeyPem' in expected && expected.ownKeyPem === undefined ? {} : world.good;
    return { name, check, bundle: { ...base, ...change } as Bundle, expected };
  });
}
