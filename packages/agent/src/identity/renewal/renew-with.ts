import { PatchError } from '@linux-patch/contract';
import type { AgentContext } from '../../app/agent-context.ts';
import { tryExclusive } from '../../app/only-instance.ts';
import type { Material } from '../store/material.ts';
import { type RenewOutcome, renewIdentity } from './renew.ts';

/** A certificate that was renewed and installed. */
export type Renewal = Extract<RenewOutcome, { readonly kind: 'renewed' }>;

/**
 * Asks a manager once for a new certificate and installs it, unless another process of this host does so now: two must
 * not renew the same certificate.
 *
 * @param current what to prove oneself with; by default what is on disk
 * @param movedTo the address of this host, when it is another than the manager was told
 * @throws ManagerFailure; PatchError for what must not be installed, and `INSTANCE_RUNNING`
 */
export async function renewWith(
  context: AgentContext,
  managerUrl: string,
  current?: Material,
  movedTo?: string,
): Promise<RenewOutcome> {
  const { files, clock, random, audit, certificates, proxyFor, signal } = context;
  const exclusive = await tryExclusive(context, 'identity');
  if (!('held' in exclusive)) {
    throw new PatchError(
      'INSTANCE_RUNNING',
      `Another process of this host (pid ${exclusive.by?.pid ?? 'unknown'}) is getting it certificates now.`,
    );
  }
  await using _held = exclusive.held;
  return await renewIdentity({
    files,
    clock,
    random,
    audit: (event, fields = {}) => audit.record(event, fields),
    paths: certificates,
    ...(current ? { current } : {}),
    movedTo,
    managerUrl: new URL(managerUrl),
    proxyFor,
    signal,
  });
}
