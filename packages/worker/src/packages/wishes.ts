import type { PackageAdapter, PackageRules } from './adapter.ts';
import type { Installed, Update } from './package-facts.ts';

/** What a job asks of one package. */
export interface Wish {
  /** Perhaps with an architecture. */
  readonly name: string;
  /** A version, any version, or none at all. */
  readonly want: { readonly version: string } | 'installed' | 'removed';
  /** Whether it mends a security fault; undefined where nobody knows. */
  readonly security?: boolean | undefined;
}

/** What a wish for an update says of security. */
export function securityOf({ security, securityKnown }: Update): boolean | undefined {
  return security || securityKnown ? security : undefined;
}

/** Why a wish is not fulfilled; undefined when it is. */
export async function shortfall(
  { rules, changing }: Pick<PackageAdapter, 'rules' | 'changing'>,
  { name, want }: Wish,
  after: readonly Installed[],
): Promise<string | undefined> {
  const found = after.filter((one) => rules.isNamed(one, name));
  const versions = found.map((one) => one.version).join(', ');
  if (want === 'removed') return found.length > 0 ? `${name} ${versions} is still installed` : undefined;
  if (want === 'installed') {
    if (found.length > 0) return undefined;
    // The name of a virtual package stands for whatever provides it.
    const providers = await changing.providers(name);
    return after.some((one) => providers.includes(one.name)) ? undefined : `${name} is not installed`;
  }
  if (found.some((one) => one.version === want.version)) return undefined;
  return `${name} is ${versions === '' ? 'not installed' : `at ${versions}`}, not at ${want.version}`;
}

/** Whether a fulfilled wish shows that something was done: "installed" may have been true before. */
export function isProof(
  rules: PackageRules,
  { name, want }: Wish,
  { before, after }: { readonly before: readonly Installed[]; readonly after: readonly Installed[] },
): boolean {
  const versions = (list: readonly Installed[]): string =>
    list.flatMap((one) => (rules.isNamed(one, name) ? [one.version] : [])).join();
  return want !== 'installed' || versions(before) !== versions(after);
}
