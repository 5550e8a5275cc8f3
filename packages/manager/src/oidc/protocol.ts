import { lazily, messageOf } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import {
  AuthorizationResponseError,
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  type Client,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  clockTolerance,
  customFetch,
  discoveryRequest,
  getValidatedIdTokenClaims,
  type IDToken,
  JSON_ATTRIBUTE_COMPARISON,
  PARSE_ERROR,
  processAuthorizationCodeResponse,
  processDiscoveryResponse,
  RESPONSE_IS_NOT_CONFORM,
  RESPONSE_IS_NOT_JSON,
  ResponseBodyError,
  validateApplicationLevelSignature,
  validateAuthResponse,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { z } from 'zod';
import type { OidcSettings } from '../config/oidc.ts';
import { CLOCK_TOLERANCE_MS } from './claims.ts';
import { OidcFault, ProviderTrouble } from './faults.ts';
import type { Flow } from './flows.ts';
import type { ProviderFetch } from './provider-fetch.ts';

/** Signatures by a key that only the provider has. A token without a signature, or with one by a secret that both have, proves nothing. */
const ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'EdDSA',
];

const address = () => z.url({ protocol: /^https$/ }).max(2_048);
/** What is used of a discovery document. Wherever it sends a browser or us, that is encrypted. */
const Discovered = lazily(() =>
  z.object({
    issuer: z.string().max(2_048),
    authorization_endpoint: address(),
    token_endpoint: address(),
    jwks_uri: address(),
    token_endpoint_auth_methods_supported: z.array(z.string().max(256)).max(100).optional(),
    id_token_signing_alg_values_supported: z.array(z.string().max(256)).max(100).default(['RS256']),
    code_challenge_methods_supported: z.array(z.string().max(256)).max(100).optional(),
    authorization_response_iss_parameter_supported: z.boolean().optional(),
  }),
);

/** What the library says of a document of another issuer than was asked for. */
const OtherIssuer = lazily(() =>
  z.object({
    code: z.literal(JSON_ATTRIBUTE_COMPARISON),
    cause: z.object({ body: z.object({ issuer: z.string() }) }),
  }),
);

/** What is wrong by the library's words, which it does not take from the provider. */
function wordsOf(error: unknown): string {
  return printableLine(messageOf(error)).replaceAll('"', "'").slice(0, 200);
}

/** What the provider says of an error, in a line. */
function saidOf({
  error,
  error_description: more,
}: {
  error: string;
  error_description?: string | undefined;
}) {
  const said = more === undefined ? error : `${error}: ${more}`;
  return printableLine(said).slice(0, 200);
}

const fetchBy = (fetch: ProviderFetch) => ({
  [customFetch]: (url: string, { method, headers, body }: Parameters<ProviderFetch>[1]) =>
    fetch(url, { method, headers, body }),
});

/** @throws ProviderTrouble when it is away, or is another one, or cannot do what is needed */
export async function discoverServer(
  { name, issuer }: OidcSettings,
  fetch: ProviderFetch,
): Promise<AuthorizationServer> {
  const expected = new URL(issuer);
  const trouble = (why: string, cause?: unknown) =>
    new ProviderTrouble(name, `its discovery document at ${issuer} ${why}`, cause);
  const answer = await discoveryRequest(expected, fetchBy(fetch));
  const isOf = (other: string, cause?: unknown) =>
    trouble(`is of ${printableLine(other).slice(0, 200)}; write that as oidc.issuer if it is yours`, cause);
  const document = await processDiscoveryResponse(expected, answer).catch((error: unknown) => {
    const other = OtherIssuer.safeParse(error).data?.cause.body.issuer;
    if (other !== undefined) throw isOf(other, error);
    throw trouble(`cannot be used (${answer.status}; ${wordsOf(error)})`, error);
  });
  const { data: found, error } = Discovered.safeParse(document);
  if (!found) {
    const [issue] = error.issues;
    throw trouble(`cannot be used (${issue?.path.join('.')}: ${issue?.message})`, error);
  }
  if (found.issuer !== issuer) throw isOf(found.issuer);
  const algorithms = found.id_token_signing_alg_values_supported.filter((one) => ALGORITHMS.includes(one));
  if (algorithms.length === 0) throw trouble('names no way to sign tokens that is accepted here');
  if (found.code_challenge_methods_supported?.includes('S256') === false)
    throw trouble('says that it does not do PKCE with S256');
  return { ...found, id_token_signing_alg_values_supported: algorithms } as AuthorizationServer;
}

function clientAuth(server: AuthorizationServer, secret: string): ClientAuth {
  const ways = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return ways.includes('client_secret_basic') || !ways.includes('client_secret_post')
    ? ClientSecretBasic(secret)
    : ClientSecretPost(secret);
}

/** The codes by which the library says that an answer is none, rather than a lie. */
const NO_ANSWER: readonly unknown[] = [RESPONSE_IS_NOT_CONFORM, RESPONSE_IS_NOT_JSON, PARSE_ERROR];

function failureOf(name: string, error: unknown): unknown {
  if (error instanceof ProviderTrouble || error instanceof OidcFault) return error;
  if (error instanceof AuthorizationResponseError) {
    const why = saidOf({ error: error.error, error_description: error.error_description });
    return new OidcFault(`${name} did not sign you in (${why}).`, { why });
  }
  if (error instanceof ResponseBodyError && error.error === 'invalid_grant') {
    const why = saidOf({ error: error.error, error_description: error.error_description });
    return new OidcFault(
      `${name} takes this answer back (${why}): it was used, or took too long. Begin again.`,
      {
        why,
      },
    );
  }
  if (error instanceof ResponseBodyError) {
    const why = saidOf({ error: error.error, error_description: error.error_description });
    return new ProviderTrouble(name, `it refuses this manager (${why}); see client id and secret`, error);
  }
  if (error instanceof WWWAuthenticateChallengeError)
    return new ProviderTrouble(name, 'it does not take the client id and secret of this manager', error);
  const { code } = error as { readonly code?: unknown };
  if (NO_ANSWER.includes(code))
    return new ProviderTrouble(
      name,
      `it answers with something else than was asked (${wordsOf(error)})`,
      error,
    );
  const why = wordsOf(error);
  return new OidcFault(
    `What came back from ${name} does not prove who you are (${why}). Whoever runs this manager should look at it.`,
    { why },
  );
}

/**
 * Redeems the code of an answer, and gives what the ID token says: signed by a key that the provider has now, of this
 * issuer, for this client and this flow, and in force.
 * @throws OidcFault, ProviderTrouble
 */
export async function redeemCode(
  { name, client_id }: OidcSettings,
  fetch: ProviderFetch,
  server: AuthorizationServer,
  {
    answer,
    flow,
    redirectUri,
    secret,
  }: {
    readonly answer: URLSearchParams;
    readonly flow: Flow;
    readonly redirectUri: string;
    readonly secret: string;
  },
): Promise<IDToken> {
  const client: Client = { client_id, [clockTolerance]: CLOCK_TOLERANCE_MS / 1_000 };
  // Of its own, so that the library keeps no keys of it: those that the provider has taken out of use do not count.
  const own = { ...server };
  const by = fetchBy(fetch);
  try {
    const checked = validateAuthResponse(own, client, answer, flow.state);
    const auth = clientAuth(own, secret);
    const said = await authorizationCodeGrantRequest(
      own,
      client,
      auth,
      checked,
      redirectUri,
      flow.verifier,
      by,
    );
    const wanted = { expectedNonce: flow.nonce, requireIdToken: true };
    const tokens = await processAuthorizationCodeResponse(own, client, said, wanted);
    await validateApplicationLevelSignature(own, said, by);
    const claims = getValidatedIdTokenClaims(tokens);
    if (claims) return claims;
    throw new OidcFault(`${name} sent no ID token.`, { why: 'no ID token' });
  } catch (error) {
    throw failureOf(name, error);
  }
}
