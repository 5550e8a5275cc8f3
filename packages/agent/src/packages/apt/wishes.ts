import type { JobResult } from '@linux-patch/contract';
import type { AptContext } from './apt-context.ts';
import { isNamed } from './compare.ts';
import type { InstalledPackage } from './installed.ts';
import { providersOf } from './targets.ts';

/** What a job asks of one package. */
export interface Wish {
  /** Perhaps with `:architecture`. */
  readonly name: string;
  /** A version, any version, or none at all. */
  readonly want: { readonly version: string } | 'installed' | 'removed';
  /** It mends a security fault. */
  readonly security?: boolean | undefined;
}

/** Why a wish is not fulfilled; undefined when it is. */
export async function shortfall(
  context: AptContext,
  { name, want }: Wish,
  after: readonly InstalledPackage[],
): Promise<string | undefined> {
  const found = after.filter((one) => isNamed(one, name));
  const versions = found.map((one) => one.version).join(', ');
  if (want === 'removed') return found.length > 0 ? `${name} ${versions} is still installed` : undefined;
  if (want === 'installed') {
    if (found.length > 0) return undefined;
    // The name of a virtual package stands for whatever provides it.
    const providers = await providersOf(context, name);
    return after.some((one) => providers.includes(one.name)) ? undefined : `${name} is not installed`;
  }
  if (found.some((one) => one.version === want.version)) return undefined;
  return `${name} is ${versions === '' ? 'not installed' : `at ${versions}`}, not at ${want.version}`;
}

/** Whether a fulfilled wish shows that something was done: "installed" may have been true before. */
export function isProof({ name, want }: Wish, results: readonly JobResult[]): boolean {
  if (want !== 'installed') return true;
  return results.some(
    (one) => one.action !== 'unchanged' && (one.name === name || one.name === name.split(':')[0]),
  );
}
