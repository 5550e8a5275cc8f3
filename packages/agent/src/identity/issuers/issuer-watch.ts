import type { TrustBundle } from '@linux-patch/contract';
import type { Material } from '../store/material.ts';
import { ownIssuer } from './trust-change.ts';

/** Knows which CAs issue to hosts now, as far as the manager has said so. */
export interface IssuerWatch {
  told(bundle: TrustBundle): void;
  /** The manager says anew what it wants; a certificate that is still from another CA is not renewed in a loop. */
  forget(): void;
  /** Hosts get their certificates from another CA now than this one came from. */
  isFromOldIssuer(material: Material): boolean;
}

export function createIssuerWatch(): IssuerWatch {
  let issuers: readonly string[] | undefined;
  return {
    told(bundle) {
      issuers = bundle.issuers;
    },
    forget() {
      issuers = undefined;
    },
    isFromOldIssuer(material) {
      const issuer = issuers && ownIssuer(material);
      return issuer !== undefined && issuers?.includes(issuer.spkiSha256) === false;
    },
  };
}
