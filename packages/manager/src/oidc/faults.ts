import { PatchError } from '@linux-patch/contract';

/** Why somebody is not who they would be, as a sentence for them. */
export class OidcFault extends Error {
  /** For whoever runs the manager, in a few words. */
  readonly why: string;
  /** Whom the provider named, as far as it proved that. */
  readonly subject: string | undefined;

  constructor(message: string, { why, subject }: { readonly why: string; readonly subject?: string }) {
    super(message);
    this.why = why;
    this.subject = subject;
  }
}

/** The provider cannot be used, which is nobody's fault who signs in. */
export class ProviderTrouble extends PatchError {
  /** For whoever runs the manager. */
  readonly why: string;

  constructor(name: string, why: string, cause?: unknown) {
    super(
      'IDENTITY_PROVIDER_ERROR',
      `${name} cannot be used to sign in now: ${why}. Nothing was done. Try again in a minute; whoever runs this manager sees more with "linux-patch-manager doctor", and lets you in without it: linux-patch-manager people reset NAME`,
      { cause },
    );
    this.why = why;
  }
}
