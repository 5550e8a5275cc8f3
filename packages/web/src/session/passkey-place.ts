import type { PasskeyChallenge } from '@linux-patch/contract';

/** What there is of passkeys in a browser, on the page as it was opened. */
export interface Surroundings {
  readonly origin: string;
  readonly isSecure: boolean;
  readonly hasPasskeys: boolean;
  /** Takes and gives them as JSON, as browsers do since 2025. */
  readonly hasJson: boolean;
}

/** Those of this window. */
export function surroundings(): Surroundings {
  const { PublicKeyCredential: known } = globalThis as { readonly PublicKeyCredential?: object };
  return {
    origin: location.origin,
    isSecure: isSecureContext,
    hasPasskeys: known !== undefined,
    hasJson: known !== undefined && 'parseRequestOptionsFromJSON' in known,
  };
}

const isAddress = (origin: string): boolean => /^(?:\[|\d+\.\d+\.\d+\.\d+$)/.test(new URL(origin).hostname);

/**
 * Why no passkey can be made or used here, and what to do; undefined when it can.
 * @param place where the manager says that they count
 */
export function whyNoPasskey(
  { origin: here, isSecure, hasPasskeys, hasJson }: Surroundings,
  { origin, unusable }: Pick<PasskeyChallenge, 'origin' | 'unusable'>,
): string | undefined {
  if (unusable !== null) return unusable;
  if (here !== origin)
    return isAddress(here)
      ? `Browsers have no passkeys for IP addresses, and you opened the page at ${here}. Open it at ${origin}.`
      : `Passkeys of this manager count at ${origin} alone, and you opened the page at ${here}. Open it there.`;
  if (!isSecure)
    return 'Browsers have passkeys for encrypted pages alone, and your browser does not take this one for that. Open it by https.';
  if (!hasPasskeys)
    return 'This browser has no passkeys (WebAuthn), or they are switched off in it. Use another browser, or a password and a code.';
  if (!hasJson)
    return 'This browser is too old for passkeys here. Use Chromium or Edge 129, Firefox 119, Safari 18.4 or newer, or a password and a code.';
  return undefined;
}
