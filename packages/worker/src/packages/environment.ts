import { resolve } from 'node:path';
import { ADAPTERS } from './adapters.ts';

/**
 * What commands need in their environment so that package managers work below `root` and nowhere else. Nothing for
 * the host itself.
 */
export function packageEnvironment(root: string): Readonly<Record<string, string>> {
  const prefix = resolve(root);
  if (prefix === '/') return {};
  return Object.assign({}, ...Object.values(ADAPTERS).map((one) => one.environment(prefix)));
}
