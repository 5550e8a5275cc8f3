import type { Random } from '@linux-patch/runtime';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { ProxyChoice } from '../../manager-link/proxy.ts';
import type { Material } from '../store/material.ts';
import type { IdentityPlace } from '../store/read.ts';
import { type RenewOutcome, renewIdentity } from './renew.ts';

/** What to ask for. */
export interface RenewalWish {
  readonly managerUrl: string;
  /** What to prove oneself with; by default what is on disk. */
  readonly material?: Material;
  /** The address of this host, when it is another than the manager was told. */
  readonly movedTo?: string | undefined;
}

/**
 * Asks a manager once for a new certificate and installs it.
 * @throws ManagerFailure; PatchError for what must not be installed, and `INSTANCE_RUNNING`
 */
export type Renewer = (wish: RenewalWish) => Promise<RenewOutcome>;

export function createRenewer(options: {
  readonly place: IdentityPlace;
  /**
   * Makes this process the only one that gets the host certificates: two must not renew the same one.
   * @throws PatchError `INSTANCE_RUNNING` while another does
   */
  readonly exclusively: () => Promise<AsyncDisposable>;
  readonly random: Random;
  readonly audit: AuditLog;
  readonly proxyFor: ProxyChoice;
  readonly signal: AbortSignal;
}): Renewer {
  const { place, exclusively, random, audit, proxyFor, signal } = options;
  const { files, paths, clock } = place;
  return async ({ managerUrl, material, movedTo }) => {
    await using _held = await exclusively();
    return await renewIdentity({
      files,
      clock,
      random,
      audit: (event, fields = {}) => audit.record(event, fields),
      paths,
      ...(material ? { current: material } : {}),
      movedTo,
      way: { managerUrl: new URL(managerUrl), proxyFor, signal },
    });
  };
}
