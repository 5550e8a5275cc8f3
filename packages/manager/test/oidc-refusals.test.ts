import { chmod, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { trySignIn } from './browser.ts';
import { CLIENT, type IdentityProvider, signToken } from './identity-provider.ts';
import { enterByOidc, newOidcPerson, openOidcWorld, tryOidc, visitor } from './oidc-people.ts';
import { faultOf } from './operator.ts';
import { audited, PASSWORD } from './signed-people.ts';
import { startWorld, type World } from './world.ts';

const stack = new AsyncDisposableStack();
let world: World;
let provider: IdentityProvider;
let folder: string;
beforeAll(async () => {
  ({ world, provider, folder } = stack.use(await openOidcWorld({ timeout_seconds: 2 })));
});
afterAll(() => stack.disposeAsync());
afterEach(() => provider.beHonest());

const lastRefusal = async () => (await audited(world, 'sign_in_refused')).at(-1);

describe('a token that proves nothing', () => {
  const honest = { alg: 'RS256', typ: 'JWT' };
  const now = () => Math.floor(Date.now() / 1_000);

  it.each<[string, NonNullable<IdentityProvider['lies']['token']>, RegExp]>([
    [
      'without a signature',
      ({ claims }) =>
        `${signToken({ header: { alg: 'none' }, claims }, provider.key)
          .split('.')
          .slice(0, 2)
          .join('.')}.`,
      /alg/,
    ],
    [
      'of alg none that has a signature',
      ({ claims }) => signToken({ header: { alg: 'none' }, claims }, provider.key),
      /alg/,
    ],
    [
      'of HS256, which who has the public key could make',
      ({ claims }) => signToken({ header: { alg: 'HS256' }, claims }, provider.key),
      /alg/,
    ],
    [
      'by a key of somebody else',
      ({ header, claims }) => signToken({ header, claims }, otherKey),
      /signature/,
    ],
    [
      'by a key that the provider does not have',
      ({ claims }) => signToken({ header: { ...honest, kid: 'other' }, claims }, otherKey),
      /key/,
    ],
    ['with claims that were changed', (_token, original) => swapClaims(original), /signature/],
    ['of another issuer', (token) => resign(token, { iss: 'https://evil.example' }), /iss/],
    ['for another client', (token) => resign(token, { aud: 'another' }), /aud/],
    [
      'for several clients, of which another asked',
      (token) => resign(token, { aud: [CLIENT.id, 'another'], azp: 'another' }),
      /azp/,
    ],
    [
      'for several clients, without saying which asked',
      (token) => resign(token, { aud: [CLIENT.id, 'another'] }),
      /audiences/,
    ],
    ['for another sign-in', (token) => resign(token, { nonce: 'another' }), /nonce/],
    ['without a nonce', (token) => resign(token, { nonce: undefined }), /nonce/],
    ['that is over', (token) => resign(token, { exp: now() - 120 }), /exp/],
    [
      'that is of tomorrow',
      (token) => resign(token, { iat: now() + 86_400, exp: now() + 90_000 }),
      /not valid yet/,
    ],
    ['without a subject', (token) => resign(token, { sub: undefined }), /sub/],
    ['with a subject that is none', (token) => resign(token, { sub: 'a\nb' }), /sub/],
    ['that is no token', () => 'a.b', /JWT/i],
  ])('%s signs nobody in', async (what, lie, why) => {
    const who = await newOidcPerson(world, `of-${what.replaceAll(/\W+/g, '-').toLowerCase().slice(0, 40)}`);
    provider.lies.token = lie;
    const [status, code, message] = faultOf(await tryOidc(world, provider, who));
    expect([status, code]).toEqual([401, 'UNAUTHORIZED']);
    expect(message).toMatch(why);
    expect(await lastRefusal()).toMatchObject({ wrong: 'oidc', why: expect.stringMatching(why) });
    provider.lies.token = undefined;
    expect((await tryOidc(world, provider, who)).status).toBe(200);
  });

  const otherKey = (() => {
    const { generateKeyPairSync } = process.getBuiltinModule('node:crypto');
    return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  })();

  function resign(token: Parameters<typeof signToken>[0], change: object): string {
    return signToken({ ...token, claims: { ...token.claims, ...change } }, provider.key);
  }

  function swapClaims(original: string): string {
    const [header, claims, signature] = original.split('.');
    const told = JSON.parse(Buffer.from(claims ?? '', 'base64url').toString());
    const swapped = Buffer.from(JSON.stringify({ ...told, sub: 'subject-of-ada' })).toString('base64url');
    return [header, swapped, signature].join('.');
  }
});

describe('a provider that changes', () => {
  it('signs with a new key, and that counts at once', async () => {
    const who = await newOidcPerson(world, 'rotated');
    await enterByOidc(world, provider, who);
    const before = provider.key;
    await provider.rotateKey();
    await enterByOidc(world, provider, visitor(who.login));
    provider.lies.token = (token) => signToken(token, before);
    expect((await tryOidc(world, provider, visitor(who.login))).status).toBe(401);
  });

  it('takes another secret, which counts without a restart', async () => {
    const who = await newOidcPerson(world, 'secretive');
    const file = String(provider.settings['client_secret_file']);
    await writeFile(file, 'wrong');
    const refused = faultOf(await tryOidc(world, provider, who));
    expect(refused).toEqual([502, 'IDENTITY_PROVIDER_ERROR', expect.stringMatching(/client id and secret/)]);
    await writeFile(file, CLIENT.secret);
    await enterByOidc(world, provider, who);
  });

  it('is not asked with a secret that others can read', async () => {
    const who = await newOidcPerson(world, 'careless');
    const file = String(provider.settings['client_secret_file']);
    await chmod(file, 0o644);
    const asked = provider.asked.get('/token');
    const refused = faultOf(await tryOidc(world, provider, who));
    expect(refused[2]).toContain('the manager has no secret for it that it may use');
    expect(refused[2]).not.toContain(file);
    expect(provider.asked.get('/token')).toBe(asked);
    const { records } = world.logger;
    expect(JSON.stringify(records)).toContain('others may read it (mode 0644)');
    await chmod(file, 0o600);
  });
});

describe('a provider that is of no use', () => {
  /** A manager of its own, which has not asked the provider before. */
  const freshly = (oidc: object = {}) =>
    startWorld({ oidc: { ...provider.settings, timeout_seconds: 1, ...oidc } });
  let useless: World;
  beforeAll(async () => {
    useless = stack.use(await freshly());
  });
  const begin = async (where: World) =>
    faultOf(
      await where.call({
        method: 'POST',
        path: '/api/v1/session/oidc/begin',
        headers: { 'sec-fetch-site': 'same-origin', 'linux-patch-request': '1' },
      }),
    );

  it('is away: people hear what to do, the log has it, others sign in with their password', async () => {
    await using fresh = await freshly();
    await fresh.admin('/people', { name: 'local', role: 'admin', password: PASSWORD });
    await provider.stop();
    expect(await begin(fresh)).toEqual([
      502,
      'IDENTITY_PROVIDER_ERROR',
      expect.stringMatching(/^Example ID cannot be used.*ECONNREFUSED.*people reset NAME$/),
    ]);
    expect(fresh.logger.records).toContainEqual(
      expect.objectContaining({
        level: 'error',
        message: 'The identity provider cannot be used, so nobody signs in with it',
      }),
    );
    expect((await trySignIn(fresh, { name: 'local', password: PASSWORD })).status).toBe(200);
    await provider.start();
    await fresh.advance(5_000);
    const who = await newOidcPerson(fresh, 'back');
    await enterByOidc(fresh, provider, who);
  });

  it('says nothing', async () => {
    await using fresh = await freshly();
    provider.lies.silent.add('/openid-configuration');
    expect((await begin(fresh))[2]).toContain('does not answer within 1 s');
    provider.lies.silent.clear();
    await fresh.advance(5_000);
    const who = await newOidcPerson(fresh, 'patient');
    provider.lies.silent.add('/token');
    expect(faultOf(await tryOidc(fresh, provider, who))[2]).toContain('does not answer within 1 s');
  });

  it.each<
    [string, string, object | string | ((honest: Readonly<Record<string, unknown>>) => object), RegExp]
  >([
    [
      'is another one',
      '/openid-configuration',
      (honest) => ({ ...honest, issuer: 'https://other.example/v2' }),
      /is of https:\/\/other\.example\/v2; write that as oidc\.issuer if it is yours/,
    ],
    [
      'sends people to a script',
      '/openid-configuration',
      (honest) => ({ ...honest, authorization_endpoint: 'javascript:alert(1)' }),
      /authorization_endpoint/,
    ],
    [
      'takes secrets without encryption',
      '/openid-configuration',
      (honest) => ({ ...honest, token_endpoint: 'http://localhost/token' }),
      /token_endpoint/,
    ],
    ['has no keys', '/openid-configuration', (honest) => ({ ...honest, jwks_uri: undefined }), /jwks_uri/],
    [
      'signs by a shared secret alone',
      '/openid-configuration',
      (honest) => ({ ...honest, id_token_signing_alg_values_supported: ['none', 'HS256'] }),
      /no way to sign/,
    ],
    [
      'does no PKCE',
      '/openid-configuration',
      (honest) => ({ ...honest, code_challenge_methods_supported: ['plain'] }),
      /PKCE/,
    ],
    ['is a web page', '/openid-configuration', '<html>', /discovery document.*cannot be used/],
    ['never ends', '/openid-configuration', { more: 'x'.repeat(300_000) }, /more than 256 KiB/],
  ])('%s', async (_what, path, lie, why) => {
    // What was wrong a moment ago is not asked again at once.
    await useless.advance(5_000);
    provider.lies.answers.set(path, lie as never);
    expect(await begin(useless)).toEqual([502, 'IDENTITY_PROVIDER_ERROR', expect.stringMatching(why)]);
  });

  it.each<[string, string, object | string, number, RegExp]>([
    ['answers for a code with a web page', '/token', '<html>', 502, /something else than was asked/],
    ['gives no ID token', '/token', { access_token: 'a', token_type: 'bearer' }, 401, /id_token/],
    [
      'gives too much',
      '/token',
      { access_token: 'x'.repeat(300_000), token_type: 'bearer' },
      502,
      /more than 256 KiB/,
    ],
    ['has lost its keys', '/jwks', { keys: [] }, 401, /key/],
    ['has a web page for keys', '/jwks', '<html>', 502, /something else than was asked/],
  ])('%s', async (what, path, lie, status, why) => {
    const who = await newOidcPerson(world, `when-it-${what.replaceAll(' ', '-').toLowerCase()}`);
    provider.lies.answers.set(path, lie as never);
    const refused = faultOf(await tryOidc(world, provider, who));
    expect([refused[0], refused[2]]).toEqual([status, expect.stringMatching(why)]);
  });

  it('is not believed without its authority', async () => {
    await using fresh = await freshly({ ca_file: undefined });
    expect((await begin(fresh))[2]).toMatch(/its certificate is not trusted.*oidc\.ca_file/);
    const gone = join(folder, 'gone.pem');
    await using other = await freshly({ ca_file: gone });
    const refused = (await begin(other))[2];
    expect(refused).toContain('the file of oidc.ca_file is missing');
    expect(refused).not.toContain(gone);
    const broken = provider.caPem.replace(/\n[^-]{20}/, '\n');
    for (const text of ['', provider.caPem.slice(0, 300), broken, `${provider.caPem}${broken}`]) {
      await writeFile(gone, text);
      await other.advance(5_000);
      expect((await begin(other))[2]).toMatch(
        /the file of oidc.ca_file holds no certificates that can be read/,
      );
    }
    await writeFile(`${gone}.new`, provider.caPem);
    await rename(`${gone}.new`, gone);
    await other.advance(5_000);
    const who = await newOidcPerson(other, 'trusting');
    await enterByOidc(other, provider, who);
  });
});
