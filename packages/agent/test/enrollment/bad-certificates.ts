import type { Bundle } from '@linux-patch/contract';
import { agentProfile, generateKey, managerClientProfile } from '@linux-patch/pki';
import { type Case, MANAGER_KEY } from './bundle-case.ts';
import { blocksOf, type CorpusWorld, DAY_MS, NAMES, NOW, serialOf, withDer } from './corpus-world.ts';

/** What the authority issues for our key, or another. */
async function issued(
  { authority, ownKeyPem }: CorpusWorld,
  profile = agentProfile(NAMES),
  wanted: { now?: number; lifetimeMs?: number } = {},
): Promise<Partial<Bundle>> {
  const one = await authority.issue(profile, { privateKeyPem: ownKeyPem, ...wanted });
  return { server_crt: one.chainPem };
}

/** What openssl's root issues for our key. */
function byRoot({ openssl }: CorpusWorld, server_crt: string): Partial<Bundle> {
  return { ca_crt: openssl.read('root.pem'), ca_chain: '', crl_pem: '', server_crt };
}

/** Certificates for another use or with other names. */
async function leaves(world: CorpusWorld): Promise<Case[]> {
  const { leaf } = world;
  const by = (server_crt: string): Partial<Bundle> => byRoot(world, server_crt);
  const extended = (extensions: Record<string, string | undefined>): Partial<Bundle> =>
    by(leaf('root', { extensions }));
  const ours = (profile = agentProfile(NAMES)): Promise<Partial<Bundle>> => issued(world, profile);
  return [
    [
      'a CA certificate for our key',
      'V7',
      extended({ basicConstraints: 'critical,CA:TRUE', keyUsage: 'critical,keyCertSign,digitalSignature' }),
    ],
    [
      'an issuing CA for our key',
      'V7',
      by(leaf('root', { extensions: { basicConstraints: 'CA:TRUE,pathlen:0', keyUsage: undefined } })),
    ],
    ['a certificate for clients', 'V8', await ours(managerClientProfile())],
    ['a certificate for signing code', 'V8', extended({ extendedKeyUsage: 'codeSigning' })],
    ['a certificate for an unknown use', 'V8', extended({ extendedKeyUsage: '1.2.3.4' })],
    ['a key usage that TLS 1.3 cannot use', 'V8', extended({ keyUsage: 'critical,keyEncipherment' })],
    ['another name', 'V9', await ours(agentProfile({ ...NAMES, fqdn: 'birch.example.test' }))],
    ['another address', 'V9', await ours(agentProfile({ ...NAMES, ipAddress: '192.0.2.6' }))],
    ['no address', 'V9', extended({ subjectAltName: `DNS:${NAMES.fqdn}` })],
    ['the address as a name', 'V9', extended({ subjectAltName: `DNS:${NAMES.fqdn},DNS:${NAMES.ipAddress}` })],
    ['no names', 'V9', extended({ subjectAltName: undefined })],
    ['a name of no host', 'V9', extended({ subjectAltName: 'email:root@example.test' })],
    ['a longer name', 'V9', extended({ subjectAltName: `DNS:x${NAMES.fqdn},IP:${NAMES.ipAddress}` })],
    ['a certificate of version 1', 'V9', by(leaf('root', { version1: true }))],
  ];
}

/** Certificates of another time or request. */
async function times(world: CorpusWorld): Promise<Case[]> {
  const { authority, good, leaf } = world;
  const ours = (wanted: { now?: number; lifetimeMs?: number }): Promise<Partial<Bundle>> =>
    issued(world, undefined, wanted);
  const [one, two] = blocksOf(good.server_crt);
  return [
    ['a certificate of tomorrow', 'V13', await ours({ now: NOW + DAY_MS })],
    ['a certificate of next year', 'V13', await ours({ now: NOW + 365 * DAY_MS })],
    ['a certificate that begins in eleven minutes', 'V13', await ours({ now: NOW + 660_000 })],
    ['a certificate of yesterday', 'V14', await ours({ now: NOW - 2 * DAY_MS, lifetimeMs: DAY_MS })],
    [
      'a certificate that is over since a minute',
      'V14',
      await ours({ now: NOW - DAY_MS, lifetimeMs: DAY_MS - 60_000 }),
    ],
    [
      'a certificate that is over in half an hour',
      'V14',
      await ours({ now: NOW - DAY_MS, lifetimeMs: DAY_MS + 1_800_000 }),
    ],
    [
      'a certificate with 1 % of its life left',
      'V14',
      await ours({ now: NOW - 99 * DAY_MS, lifetimeMs: 100 * DAY_MS }),
    ],
    ['a certificate for 3000 days', 'V15', byRoot(world, leaf('root', { days: 3000 }))],
    ['a certificate for 826 days', 'V15', await ours({ lifetimeMs: 826 * DAY_MS })],
    [
      'a certificate that ends before it begins',
      'V15',
      await ours({ now: NOW + 540_000, lifetimeMs: -420_000 }),
    ],
    ['the issuing CA first', 'V11', { server_crt: (two ?? '') + (one ?? '') }],
    ['a chain without the host', 'V11', { server_crt: two ?? '' }],
    ['the root as host certificate', 'V11', { server_crt: authority.root.certificatePem }],
    [
      'a renewal with the serial number of before',
      'V16',
      {},
      { freshness: { knownSerials: [serialOf(one ?? '')] } },
    ],
    [
      'a bundle of before the request',
      'V16',
      { ...world.older, ...(await olderOf(world, NOW - 2 * DAY_MS)) },
      { ...MANAGER_KEY, freshness: { knownSerials: [], requestedAtMs: NOW } },
    ],
    [
      'an old bundle again',
      'V16',
      world.older,
      {
        ...MANAGER_KEY,
        freshness: {
          knownSerials: [serialOf(world.older.server_crt)],
        },
      },
    ],
  ];
}

/** A certificate for the manager's key that was made at another time. */
async function olderOf({ authority, older }: CorpusWorld, now: number): Promise<Partial<Bundle>> {
  const issued = await authority.issue(agentProfile(NAMES), {
    privateKeyPem: older.server_key,
    now,
    lifetimeMs: 90 * DAY_MS,
  });
  return { server_crt: issued.chainPem };
}

async function algorithms(world: CorpusWorld): Promise<Case[]> {
  const { openssl, ca, leaf, key } = world;
  const root = openssl.read('root.pem');
  const none = { ca_chain: '', crl_pem: '' };
  const weak = ['-newkey', 'rsa:1024'];
  const strange = (name: string, made: { file: string; pem: string }): Case => [
    `a ${name} key`,
    'V12',
    { ...none, ca_crt: root, server_crt: leaf('root', { key: made.file }) },
    { ownKeyPem: made.pem },
  ];
  const sha1Inner = ca('sha1inner', { by: 'root', digest: '-sha1' });
  return [
    strange('RSA 1024', key('-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024')),
    strange('P-521', key('-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521')),
    strange('P-224', key('-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-224')),
    strange('secp256k1', key('-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1')),
    strange('Ed448', key('-algorithm', 'ED448')),
    [
      'a root with a RSA 1024 key',
      'V12',
      { ...none, ca_crt: ca('weak', { newKey: weak }), server_crt: leaf('weak') },
    ],
    [
      'an issuing CA with a RSA 1024 key',
      'V12',
      {
        ...none,
        ca_crt: root,
        ca_chain: ca('weakinner', { by: 'root', newKey: weak }),
        server_crt: leaf('weakinner'),
      },
    ],
    [
      'a certificate signed with SHA-1',
      'V18',
      { ...none, ca_crt: root, server_crt: leaf('root', { digest: '-sha1' }) },
    ],
    [
      'an issuing CA signed with SHA-1',
      'V18',
      { ...none, ca_crt: root, ca_chain: sha1Inner, server_crt: leaf('sha1inner') },
    ],
    [
      'a certificate signed with MD5',
      'V18',
      {
        ...none,
        ca_crt: ca('rsaroot', { newKey: ['-newkey', 'rsa:2048'] }),
        server_crt: leaf('rsaroot', { digest: '-md5' }),
      },
    ],
  ];
}

async function lists({ good, authority, stranger }: CorpusWorld): Promise<Case[]> {
  const own = serialOf(good.server_crt);
  const list = good.crl_pem ?? '';
  const flipped = withDer(list, (der) =>
    Buffer.from(der.map((octet, at) => (at === der.length - 1 ? octet ^ 1 : octet))),
  );
  return [
    ['a list of another CA of the same name', 'V17', { crl_pem: await stranger.createCrl() }],
    ['a list that names the certificate', 'V17', { crl_pem: await authority.createCrl([own]) }],
    [
      'a list that names the certificate among others',
      'V17',
      { crl_pem: await authority.createCrl(['1234', own, '5678']) },
    ],
    ['a list whose signature is wrong', 'V17', { crl_pem: flipped }],
    ['two lists', 'V17', { crl_pem: list + (await stranger.createCrl()) }],
    ['a certificate instead of a list', 'V17', { crl_pem: good.ca_crt }],
    ['a key instead of a list', 'V17', { crl_pem: await generateKey() }],
    ['a list of random octets', 'V17', { crl_pem: withDer(list, (der) => Buffer.alloc(der.length, 0x30)) }],
  ];
}

/** Bundles that can be read, of certificates that must not be used. */
export async function badCertificates(world: CorpusWorld): Promise<Case[]> {
  return [
    ...(await leaves(world)),
    ...(await times(world)),
    ...(await algorithms(world)),
    ...(await lists(world)),
  ];
}
