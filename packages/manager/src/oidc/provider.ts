import type { Clock, Files } from '@linux-patch/runtime';
import type { AuthorizationServer } from 'oauth4webapi';
import type { OidcSettings } from '../config/oidc.ts';
import { readSecretFile } from '../config/secret-file.ts';
import { CLOCK_TOLERANCE_MS, type OidcClaims, readClaims } from './claims.ts';
import { OidcFault, ProviderTrouble } from './faults.ts';
import type { Flow } from './flows.ts';
import { createProviderFetch } from './provider-fetch.ts';

/** A discovery document is asked for again after so long. */
const KNOWN_FOR_MS = 600_000;
/** After it could not be had, whoever comes within this time hears the same. */
const FAILED_FOR_MS = 5_000;

/** The identity provider of the configuration. */
export interface Provider {
  readonly settings: OidcSettings;
  /** Where its answers go to. */
  readonly redirectUri: string;
  /** Asks it for its discovery document, and whether it can be used. @throws ProviderTrouble */
  discover(): Promise<AuthorizationServer>;
  /**
   * Where somebody signs in there.
   * @param isAgain they show again that it is them, though they are signed in there
   * @throws ProviderTrouble
   */
  authorizationUrl(flow: Flow, isAgain: boolean): Promise<string>;
  /**
   * Who it is, by the answer with which it sent a browser back.
   * @param isAgain whether they had to show it since the flow was begun
   * @throws OidcFault, ProviderTrouble
   */
  redeem(answer: URLSearchParams, flow: Flow, isAgain: boolean): Promise<OidcClaims>;
}

interface ProviderOptions {
  readonly settings: OidcSettings;
  /** Of the page. */
  readonly origin: string;
  readonly files: Files;
  readonly clock: Clock;
}

/** Knows a document for ten minutes, and a failure for some seconds; asks once however many want it. */
function remembered<T>(clock: Clock, ask: () => Promise<T>): () => Promise<T> {
  let known: { readonly untilMs: number; readonly value: Promise<T> } | undefined;
  const keep = (value: Promise<T>, forMs: number): void => {
    known = { value, untilMs: clock.monotonicMs() + forMs };
  };
  return () => {
    if (known && clock.monotonicMs() < known.untilMs) return known.value;
    const value = ask();
    keep(value, KNOWN_FOR_MS);
    value.catch(() => keep(value, FAILED_FOR_MS));
    return value;
  };
}

/** They must have shown it since they were sent there; a provider that does not say when has not said that. */
function requireFresh({ authenticatedAtMs: at }: OidcClaims, { begunAtMs }: Flow, name: string): void {
  if (at === undefined) {
    const why = 'the claim auth_time is missing, or names a time that is yet to come';
    throw new OidcFault(
      `${name} does not say when you showed who you are (${why}), so it is no proof that it is you now. Whoever runs it lets it tell auth_time, in seconds.`,
      { why },
    );
  }
  if (at >= begunAtMs - CLOCK_TOLERANCE_MS) return;
  const why = `auth_time is ${new Date(at).toISOString()}, before it was asked`;
  throw new OidcFault(
    `${name} did not ask you again: you showed who you are at ${new Date(at).toISOString()}. Try again, and sign in there when it asks. If it did ask, its clock is behind that of this manager.`,
    { why },
  );
}

/** Opens nothing; the provider is asked when somebody signs in. */
export function createProvider({ settings, origin, files, clock }: ProviderOptions): Provider {
  const { name, client_id, client_secret_file, scopes } = settings;
  const redirectUri = `${origin}/sign-in/return`;
  const fetch = createProviderFetch(files, settings);
  const readSecret = async (): Promise<string> => {
    try {
      return await readSecretFile(files, client_secret_file, 'The secret of oidc.client_secret_file');
    } catch (error) {
      throw new ProviderTrouble(name, 'the manager has no secret for it that it may use', error);
    }
  };
  const discover = remembered(clock, async () => {
    // The library is loaded when somebody signs in so, and never where nobody does.
    const { discoverServer } = await import('./protocol.ts');
    return discoverServer(settings, fetch);
  });
  return {
    settings,
    redirectUri,
    discover,
    async authorizationUrl({ state, nonce, verifier }, isAgain) {
      const { authorization_endpoint } = await discover();
      const { calculatePKCECodeChallenge } = await import('oauth4webapi');
      const url = new URL(authorization_endpoint ?? '');
      const asked = {
        client_id,
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: scopes.join(' '),
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        // The age says what is wanted, and makes the provider tell auth_time; the prompt is for those that know it alone.
        ...(isAgain ? { prompt: 'login', max_age: '0' } : {}),
      };
      for (const [key, value] of Object.entries(asked)) url.searchParams.set(key, value);
      return url.href;
    },
    async redeem(answer, flow, isAgain) {
      const { redeemCode } = await import('./protocol.ts');
      const server = await discover();
      const sent = { answer, flow, redirectUri, secret: await readSecret() };
      const claims = readClaims(await redeemCode(settings, fetch, server, sent), settings, clock.now());
      if (isAgain) requireFresh(claims, flow, name);
      return claims;
    },
  };
}
