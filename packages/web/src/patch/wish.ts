import type { ApplyRequest } from '@linux-patch/contract';

/** What somebody wants to patch on a host, as an address says it. */
export interface PatchSearch {
  /** Default: what is for security. */
  readonly what?: 'all' | 'chosen';
  /** Names of packages with commas between, when they are chosen. */
  readonly p?: string;
  /** Whether packages that nobody named may go. */
  readonly removals?: 'yes';
  /** Whether the host may reboot afterwards when it needs to. */
  readonly reboot?: 'yes';
}

/** As many as the manager takes in one request. */
const MOST = 5_000;

/** Reads an address; what it does not say right is left out. */
export function patchSearch(said: Record<string, unknown>): PatchSearch {
  const { what, p, removals, reboot } = said;
  return {
    ...(what === 'all' || what === 'chosen' ? { what } : {}),
    ...(typeof p === 'string' && p !== '' ? { p } : {}),
    ...(removals === 'yes' ? { removals } : {}),
    ...(reboot === 'yes' ? { reboot } : {}),
  };
}

/** The packages that an address names. */
export function chosenIn({ p = '' }: PatchSearch): string[] {
  return [...new Set(p.split(',').filter(Boolean))].slice(0, MOST);
}

/** The request that a plan is made for; undefined while nothing is chosen. */
export function requestOf(search: PatchSearch): ApplyRequest | undefined {
  const { what = 'security', removals, reboot } = search;
  const common = {
    ...(removals === 'yes' ? { allow_removals: true } : {}),
    ...(reboot === 'yes' ? { allow_reboot: true } : {}),
  };
  if (what === 'all') return { all: true, ...common };
  if (what === 'security') return { all: true, security_only: true, ...common };
  const names = chosenIn(search);
  return names.length === 0 ? undefined : { patches: names, ...common };
}
