import type { InstalledPackage } from '@linux-patch/contract';
import { queryOptions } from '@tanstack/react-query';
import { type Answered, call } from '../api/call.ts';

const PAGE = 1_000;

/** All that a host has installed, as it was listed last. */
export function wholeListing(id: string) {
  return queryOptions<Answered<'hostInventory'>>({
    queryKey: ['whole listing', id],
    queryFn: async ({ signal }) => {
      const parameters = { id };
      const first = await call('hostInventory', { parameters, query: { limit: PAGE }, signal });
      const packages: InstalledPackage[] = [...first.packages];
      while (packages.length < first.total) {
        const query = { limit: PAGE, offset: packages.length };
        const more = await call('hostInventory', { parameters, query, signal });
        if (more.packages.length === 0) break;
        packages.push(...more.packages);
      }
      return { ...first, packages };
    },
    refetchInterval: false,
  });
}
