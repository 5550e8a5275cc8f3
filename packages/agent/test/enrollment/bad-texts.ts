import type { Bundle } from '@linux-patch/contract';
import { type CheckId, parseCertificate } from '@linux-patch/pki';
import { type Case, MANAGER_KEY } from './bundle-case.ts';
import { asBinary, type CorpusWorld, withDer } from './corpus-world.ts';

const MEMBERS = ['ca_crt', 'ca_chain', 'server_crt', 'crl_pem'] as const;
const PADDING = (bytes: number): string => 'x'.repeat(bytes) + '\n';

/** What a member that cannot be read is refused by. */
const unreadable = (member: (typeof MEMBERS)[number]): CheckId => (member === 'crl_pem' ? 'V17' : 'V2');

/** Offsets all over a text, never at its very beginning or end. */
const offsets = (length: number, count: number): number[] =>
  Array.from({ length: count }, (_one, index) => Math.floor((length * (index + 0.5)) / count));

function truncated({ good, older }: CorpusWorld): Case[] {
  const texts = MEMBERS.flatMap((member) => {
    const text = good[member] ?? '';
    return offsets(text.length, 16).map(
      (at): Case => [`${member} cut at ${at}`, unreadable(member), { [member]: text.slice(0, at) }],
    );
  });
  const ders = MEMBERS.flatMap((member) =>
    [0.1, 0.4, 0.7, 0.97].map((part): Case => {
      const cut = withDer(good[member] ?? '', (der) => der.subarray(0, Math.floor(der.length * part)));
      return [`${member}, whose DER ends at ${part}`, member === 'crl_pem' ? 'V17' : 'V3', { [member]: cut }];
    }),
  );
  const keys = offsets(older.server_key.length, 16).map(
    (at): Case => [
      `server_key cut at ${at}`,
      'V10',
      { ...older, server_key: older.server_key.slice(0, at) },
      MANAGER_KEY,
    ],
  );
  return [...texts, ...ders, ...keys];
}

function sizes({ good, older }: CorpusWorld): Case[] {
  const padded = Object.fromEntries(MEMBERS.map((member) => [member, PADDING(60_000) + good[member]]));
  return [
    ...MEMBERS.flatMap((member): Case[] => [
      [`${member} of 10 MB`, 'V1', { [member]: PADDING(10_000_000) + good[member] }],
      [`${member} just too large`, 'V1', { [member]: PADDING(65_536) + good[member] }],
    ]),
    ['a key of 10 MB', 'V1', { ...older, server_key: PADDING(10_000_000) + older.server_key }, MANAGER_KEY],
    [
      'members that are too large together',
      'V1',
      { ...padded, server_key: PADDING(60_000) + older.server_key },
      MANAGER_KEY,
    ],
  ];
}

function texts({ good, authority, ownKeyPem }: CorpusWorld): Case[] {
  const each = (what: string, change: (pem: string) => string): Case[] =>
    MEMBERS.map((member) => [
      `${member} ${what}`,
      unreadable(member),
      { [member]: change(good[member] ?? '') },
    ]);
  const certificates = (what: string, change: (pem: string) => string): Case[] =>
    each(what, change).filter(([, check]) => check === 'V2');
  return [
    ...each('with text after it', (pem) => `${pem}by the way\n`),
    ...each('with a NUL byte in its base64', (pem) => `${pem.slice(0, 90)}\0${pem.slice(91)}`),
    ...certificates('with a NUL byte before it', (pem) => `\0\n${pem}`),
    ...each('with a NUL byte after it', (pem) => `${pem}\0`),
    ...certificates('with a byte order mark', (pem) => `\uFEFF${pem}`),
    ...certificates(
      'with its first block twice',
      (pem) =>
        pem.slice(0, pem.indexOf('-----END')) +
        pem.slice(pem.indexOf('-----END'), pem.indexOf('-----END') + 26) +
        pem,
    ),
    ...certificates('as DER', asBinary),
    ...each('with a letter that is none of base64', (pem) => `${pem.slice(0, 100)}*${pem.slice(101)}`),
    ...each('with a wrong end line', (pem) => pem.replace('-----END', '-----ENDE')),
    ...each('with a begin line twice', (pem) => pem.replace(/^(-----BEGIN.*\n)/, '$1$1')),
    ...certificates('with blanks only', () => ' \n ').filter(([name]) => !name.startsWith('ca_chain')),
    ...each('that is a web page', () => '<html><body>502 Bad Gateway</body></html>'),
    ['an empty ca_crt', 'V2', { ca_crt: '' }],
    ['an empty server_crt', 'V2', { server_crt: '' }],
    ['a private key among the certificates', 'V2', { server_crt: good.server_crt + ownKeyPem }],
    ['a revocation list among the CAs', 'V2', { ca_crt: good.ca_crt + good.crl_pem }],
    [
      'a request instead of a certificate',
      'V2',
      { server_crt: good.server_crt.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST') },
    ],
    [
      'a certificate with octets after its end',
      'V3',
      { server_crt: withDer(good.server_crt, (der) => Buffer.concat([der, Buffer.alloc(3)])) },
    ],
    [
      'a key in the block of a certificate',
      'V3',
      {
        server_crt: withDer(good.server_crt, () =>
          Buffer.from(parseCertificate(authority.root.certificatePem).spki),
        ),
      },
    ],
    [
      'a CA of random octets',
      'V3',
      { ca_crt: withDer(good.ca_crt, (der) => Buffer.alloc(der.length, 0x5a)) },
    ],
    [
      'a certificate whose last length is wrong',
      'V3',
      {
        server_crt: withDer(good.server_crt, (der) =>
          Buffer.from(der.map((octet, at) => (at === 3 ? octet ^ 1 : octet))),
        ),
      },
    ],
  ];
}

function keys({ older, openssl, key, good, ownKeyPem }: CorpusWorld): Case[] {
  const sent = (server_key: string): Partial<Bundle> => ({ ...older, server_key });
  const rsa = key('-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048');
  openssl.write('older.key', older.server_key);
  openssl.run('pkcs8', '-topk8', '-in', 'older.key', '-passout', 'pass:x', '-out', 'encrypted.key');
  openssl.run(
    'rsa',
    '-in',
    rsa.file,
    '-traditional',
    '-aes128',
    '-passout',
    'pass:x',
    '-out',
    'old-encrypted.key',
  );
  openssl.run('pkey', '-in', 'older.key', '-pubout', '-out', 'public.key');
  openssl.run('ecparam', '-name', 'prime256v1', '-out', 'parameters.pem');
  const { server_key: _none, ...keyless } = older;
  const cases: [string, CheckId, string][] = [
    ['an encrypted key', 'V10', openssl.read('encrypted.key')],
    ['a key encrypted in the older form', 'V10', openssl.read('old-encrypted.key')],
    ['a public key instead of a private one', 'V10', openssl.read('public.key')],
    ['parameters instead of a key', 'V10', openssl.read('parameters.pem')],
    ['two keys', 'V10', older.server_key + rsa.pem],
    ['a certificate instead of a key', 'V10', good.ca_crt],
    ['a key with a NUL byte', 'V10', older.server_key.replace('M', '\0')],
    ['a key of random octets', 'V10', withDer(older.server_key, (der) => Buffer.alloc(der.length, 7))],
    ['an empty key', 'V10', ''],
    ['the key of another certificate', 'V11', rsa.pem],
    ["this host's own key sent back", 'V11', ownKeyPem],
  ];
  return [
    ...cases.map(([name, check, text]): Case => [name, check, sent(text), MANAGER_KEY]),
    ['no key where the manager makes it', 'V10', keyless, MANAGER_KEY],
    ['a key that nobody asked for', 'V19', { server_key: ownKeyPem }],
    ['garbage as a key that nobody asked for', 'V19', { server_key: 'x' }],
    ['a certificate for the key of somebody else', 'V11', { server_crt: older.server_crt }],
  ];
}

/** Bundles whose members cannot be read, or not without doubt. */
export function badTexts(world: CorpusWorld): Case[] {
  return [...truncated(world), ...sizes(world), ...texts(world), ...keys(world)];
}
