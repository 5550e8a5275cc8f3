/** Why a passkey was not taken, as a sentence for whoever shows it. */
export class PasskeyFault extends Error {}

/** A passkey whose counter did not go on, as that of a copy does not. */
export class CopiedPasskey extends PasskeyFault {
  readonly counter: number;
  readonly last: number;

  constructor({ counter, last }: { readonly counter: number; readonly last: number }) {
    super(
      'This passkey has counted its uses, and now counts fewer than before: somebody may have a copy of it. Sign in another way, remove it on your account screen, and tell whoever runs this manager.',
    );
    this.counter = counter;
    this.last = last;
  }
}
