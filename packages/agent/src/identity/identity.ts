import {
  type CertificateFacts,
  type IdentityFacts,
  type IdentityStatus,
  parseCertificates,
} from '@linux-patch/pki';
import { type ListInForce, listInForce } from './revocation/in-force.ts';
import { findOwn } from './revocation/list.ts';
import type { IdentityMeta } from './store/identity-meta.ts';
import type { Material } from './store/material.ts';

/** One complete set as it was read, and how it was judged. */
export interface ReadIdentity {
  readonly material: Material;
  readonly meta: IdentityMeta;
  readonly status: IdentityStatus;
}

/** The identity of this host at one moment. It never changes: what changes is another one, and is published as a whole. */
export interface Identity extends ReadIdentity {
  /** This host's certificate; undefined where it cannot be read. */
  readonly leaf: CertificateFacts | undefined;
  /** Undefined where the set cannot be read. */
  readonly facts: IdentityFacts | undefined;
  /** CAs that callers must chain to; none where they cannot be read. */
  readonly issuers: readonly CertificateFacts[];
  /** The revocation list that counts. */
  readonly list: ListInForce;
}

/** @param before the identity that this one follows; a list that was in force with it is not forgotten for a worse one */
export function createIdentity({ material, meta, status }: ReadIdentity, before?: Identity): Identity {
  return {
    material,
    meta,
    status,
    leaf: findOwn(material),
    facts: 'facts' in status ? status.facts : undefined,
    issuers: readIssuers(material),
    list: listInForce(material, before?.list.list),
  };
}

/** The same identity as it is judged at another time. */
export function judgedAs(identity: Identity, status: IdentityStatus): Identity {
  return { ...identity, status, facts: 'facts' in status ? status.facts : undefined };
}

function readIssuers({ caPem }: Material): CertificateFacts[] {
  try {
    return parseCertificates(caPem);
  } catch {
    return [];
  }
}

/** Whether an identity of this status can be served. */
export function isUsable({ status }: { readonly status: string }): boolean {
  return status === 'valid' || status === 'expiring_soon';
}
