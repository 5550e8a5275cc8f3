import type { Material } from '../certificates/material.ts';
import { type RenewOutcome, renewIdentity } from '../enrollment/renew.ts';
import type { AgentContext } from './agent-context.ts';

/**
 * Asks a manager once for a new certificate and installs it.
 *
 * @param current what to prove oneself with; by default what is on disk
 * @throws ManagerFailure, or PatchError for what must not be installed
 */
export function renewWith(
  context: AgentContext,
  managerUrl: string,
  current?: Material,
): Promise<RenewOutcome> {
  const { files, clock, random, audit, certificates, proxyFor, signal } = context;
  return renewIdentity({
    files,
    clock,
    random,
    audit: (event, fields = {}) => audit.record(event, fields),
    paths: certificates,
    ...(current ? { current } : {}),
    managerUrl: new URL(managerUrl),
    proxyFor,
    signal,
  });
}
