import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import {
  createRoot,
  generateKey,
  issueCertificate,
  publicKeySpki,
  rootProfile,
  serialFrom,
  webProfile,
} from '@linux-patch/pki';
import { systemRandom } from '@linux-patch/runtime/node';
import { freePort } from '@linux-patch/runtime/testing';
import { Provider } from 'oidc-provider';

export const CLIENT = { id: 'linux-patch', secret: 'a secret that the client and the provider have' };

/** A private key as providers write it. */
type Jwk = ReturnType<typeof exportKey> & { readonly kid?: string; readonly use?: string };
function exportKey(key: KeyObject) {
  return key.export({ format: 'jwk' });
}

/** What an ID token is made of. */
export interface Token {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

type Answer = Readonly<Record<string, unknown>>;

/** A real provider of OpenID Connect on loopback, with TLS, which tests can make lie. */
export interface IdentityProvider extends AsyncDisposable {
  readonly issuer: string;
  /** Whom to believe for its TLS. */
  readonly caPem: string;
  readonly key: Jwk;
  /** What a manager is configured with. */
  readonly settings: { readonly [key: string]: unknown };
  /** Claims of people, by how they sign in there, which is also their `sub`. */
  readonly people: Map<string, Answer>;
  /** How often each path was asked for. */
  readonly asked: Map<string, number>;
  /** What it says instead of what it has to say. */
  lies: {
    /** Makes another ID token of one, whole: with its signature. */
    token?: ((token: Token, original: string) => string) | undefined;
    /** Answers this for a path that ends so; a function is told what it has to say. */
    readonly answers: Map<string, Answer | string | ((honest: Answer) => Answer)>;
    /** Says nothing at paths that end so. */
    readonly silent: Set<string>;
  };
  /** Lies no more. */
  beHonest(): void;
  /** Signs with another key from now on, and forgets the one before. */
  rotateKey(): Promise<void>;
  /** Nobody is there any more. */
  stop(): Promise<void>;
  /** And again, at the same place. */
  start(): Promise<void>;
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** The three parts of a token, signed as RS256 whatever its header says. */
export function signToken({ header, claims }: Token, key: Jwk): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  const made = sign('sha256', Buffer.from(signed), createPrivateKey({ key, format: 'jwk' }));
  return `${signed}.${made.toString('base64url')}`;
}

function readToken(text: string): Token {
  const [header, claims] = text.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  return { header: JSON.parse(header ?? ''), claims: JSON.parse(claims ?? '') };
}

let keys = 0;
function newKey(): Jwk {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  keys += 1;
  return { ...exportKey(privateKey), kid: `key-${keys}`, alg: 'RS256', use: 'sig' };
}

async function webPair() {
  const now = Date.now();
  const privateKeyPem = await generateKey();
  const own = await generateKey();
  const profile = rootProfile('Provider Root');
  const serial = () => serialFrom(systemRandom.bytes(16));
  const certificatePem = await createRoot({ profile, privateKeyPem, serial: serial(), now });
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] };
  const cert = await issueCertificate({
    profile: webProfile(names),
    subjectSpki: publicKeySpki(own),
    issuer: { certificatePem, privateKeyPem },
    serial: serial(),
    now,
  });
  return { cert, key: own, caPem: certificatePem };
}

/** Nobody is asked whether this client may know them. */
const loadExistingGrant = async (context: {
  readonly oidc: {
    readonly provider: Provider;
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
  };
}) => {
  const { provider, client, session } = context.oidc;
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope('openid');
  await grant.save();
  return grant;
};

/** One client, with PKCE; what is said of people comes in the ID token. */
function configurationOf(redirectUri: string, key: Jwk, people: IdentityProvider['people']): object {
  return {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    cookies: { keys: ['only for tests'] },
    jwks: { keys: [key] },
    claims: { openid: ['sub', 'preferred_username', 'groups', 'email', 'email_verified'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    ttl: {
      AccessToken: 60,
      AuthorizationCode: 60,
      IdToken: 60,
      Interaction: 600,
      Session: 3_600,
      Grant: 600,
    },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, ...people.get(id) }),
    }),
    loadExistingGrant,
    features: { devInteractions: { enabled: true } },
  };
}

/** What a manager reads, as its configuration names it. */
async function writeFiles(folder: string, caPem: string) {
  const client_secret_file = join(folder, 'oidc.secret');
  const ca_file = join(folder, 'oidc-ca.pem');
  await writeFile(client_secret_file, `${CLIENT.secret}\n`, { mode: 0o600 });
  await writeFile(ca_file, caPem);
  return { client_secret_file, ca_file };
}

/**
 * Starts one.
 * @param folder in which the files lie that the manager's configuration names
 * @param redirectUri to which it sends people back
 */
export async function startIdentityProvider(folder: string, redirectUri: string): Promise<IdentityProvider> {
  const port = await freePort();
  const issuer = `https://localhost:${port}`;
  const people: IdentityProvider['people'] = new Map();
  const asked = new Map<string, number>();
  const lies: IdentityProvider['lies'] = { answers: new Map(), silent: new Set() };
  let key = newKey();
  const { caPem, ...pair } = await webPair();
  const make = () => {
    const provider = new Provider(issuer, configurationOf(redirectUri, key, people));
    provider.use(async (context, next) => {
      asked.set(context.path, (asked.get(context.path) ?? 0) + 1);
      await next();
      // Its pages ask another site for a font.
      if (typeof context.body === 'string')
        context.body = context.body.replaceAll(/@import url\([^)]*\);/g, '');
      const body = context.body as Answer;
      if (context.path === '/token' && typeof body['id_token'] === 'string' && lies.token)
        context.body = { ...body, id_token: lies.token(readToken(body['id_token']), body['id_token']) };
      const [, lie] = [...lies.answers].find(([end]) => context.path.endsWith(end)) ?? [];
      if (lie === undefined) return;
      context.status = 200;
      context.body = typeof lie === 'function' ? lie(body) : lie;
    });
    return provider.callback();
  };
  let handle = make();
  const open = async () => {
    const made = createServer(pair, (request, response) => {
      const { pathname } = new URL(request.url ?? '/', issuer);
      if ([...lies.silent].some((end) => pathname.endsWith(end))) return;
      void handle(request, response);
    });
    made.listen(port, '127.0.0.1');
    await once(made, 'listening');
    return made;
  };
  let server = await open();
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return {
    issuer,
    caPem,
    get key() {
      return key;
    },
    settings: { issuer, name: 'Example ID', client_id: CLIENT.id, ...(await writeFiles(folder, caPem)) },
    people,
    asked,
    lies,
    beHonest() {
      lies.token = undefined;
      lies.answers.clear();
      lies.silent.clear();
    },
    async rotateKey() {
      key = newKey();
      handle = make();
    },
    stop,
    async start() {
      server = await open();
    },
    [Symbol.asyncDispose]: stop,
  };
}
