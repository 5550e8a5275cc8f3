import { parseCertificate, spkiFingerprint } from '@linux-patch/pki';
import { testAuthority } from '@linux-patch/pki/testing';
import type { Case } from './bundle-case.ts';
import { blocksOf, type CorpusWorld, DAY_MS, NOW, withDer } from './corpus-world.ts';

const broken = (pem: string): string =>
  withDer(pem, (der) => Buffer.from(der.map((octet, at) => (at === der.length - 1 ? octet ^ 1 : octet))));

/** CAs that are none. */
function authorities({ good, ca, leaf, openssl }: CorpusWorld): Case[] {
  const root = openssl.read('root.pem');
  const noSign = ca('nosign', { extensions: { keyUsage: 'critical,cRLSign' } });
  const noCa = ca('noca', { extensions: { basicConstraints: 'critical,CA:FALSE' } });
  const nothing = ca('nothing', { extensions: { basicConstraints: undefined, keyUsage: undefined } });
  const host = leaf('root');
  return [
    ['the host certificate as CA', 'V4', { ca_crt: good.server_crt }],
    [
      'a CA that may not sign certificates',
      'V4',
      { ca_crt: noSign, ca_chain: '', crl_pem: '', server_crt: leaf('nosign') },
    ],
    [
      'a CA that says it is none',
      'V4',
      { ca_crt: noCa, ca_chain: '', crl_pem: '', server_crt: leaf('noca') },
    ],
    ['a CA of version 1', 'V4', { ca_crt: nothing, ca_chain: '', crl_pem: '', server_crt: leaf('nothing') }],
    ['a second CA that is none', 'V4', { ca_crt: good.ca_crt + host }],
    [
      'a CA whose own signature is wrong',
      'V4',
      { ca_crt: broken(root), ca_chain: '', crl_pem: '', server_crt: host },
    ],
  ];
}

/** Certificates that do not chain to the CA, or to another one. */
function chains({ good, ca, leaf, openssl, stranger }: CorpusWorld): Case[] {
  const root = openssl.read('root.pem');
  const short = ca('short', { extensions: { basicConstraints: 'critical,CA:TRUE,pathlen:0' } });
  const middle = ca('middle', { by: 'short' });
  const inner = ca('inner', { by: 'root' });
  const noSignInner = ca('nosigninner', { by: 'root', extensions: { keyUsage: 'critical,cRLSign' } });
  const twin = ca('twin', { subject: '/CN=root' });
  const host = leaf('root');
  return [
    [
      'another CA than the pinned one',
      'V5',
      {},
      { fingerprint: spkiFingerprint(stranger.root.certificatePem) },
    ],
    ['another CA of the same name', 'V6', { ca_crt: stranger.root.certificatePem, crl_pem: '' }],
    [
      'another root and its issuing CA',
      'V6',
      { ca_crt: stranger.root.certificatePem, ca_chain: stranger.caPem, crl_pem: '' },
    ],
    [
      'no issuing CA',
      'V6',
      {
        ca_chain: '',
        crl_pem: '',
        server_crt: blocksOf(good.server_crt)[0] ?? '',
      },
    ],
    [
      'a path that is too long',
      'V6',
      { ca_crt: short, ca_chain: middle, crl_pem: '', server_crt: leaf('middle') },
    ],
    [
      'an issuing CA that may not sign certificates',
      'V6',
      { ca_crt: root, ca_chain: noSignInner, crl_pem: '', server_crt: leaf('nosigninner') },
    ],
    [
      'an issuing CA in the place of its root, the root unknown',
      'V6',
      { ca_crt: twin, ca_chain: inner, crl_pem: '', server_crt: leaf('inner') },
    ],
    [
      'a signature that is wrong',
      'V6',
      { ca_crt: root, ca_chain: '', crl_pem: '', server_crt: broken(host) },
    ],
    [
      'an issuing CA whose signature is wrong',
      'V6',
      { ca_crt: root, ca_chain: broken(inner), crl_pem: '', server_crt: leaf('inner') },
    ],
    [
      'a root of the same name and another key',
      'V6',
      { ca_crt: twin, ca_chain: '', crl_pem: '', server_crt: host },
    ],
  ];
}

async function outOfDateAuthorities({ openssl, leaf }: CorpusWorld): Promise<Case[]> {
  const [past, future] = await Promise.all([
    testAuthority({ now: NOW - 3700 * DAY_MS }),
    testAuthority({ now: NOW + 10 * DAY_MS }),
  ]);
  for (const [name, issuer] of [
    ['past', past.root],
    ['future', future.root],
    ['pastissuing', past.issuing],
  ] as const) {
    openssl.write(`${name}.pem`, issuer.certificatePem);
    openssl.write(`${name}.key`, issuer.privateKeyPem);
  }
  const late = await testAuthority({ now: NOW - 1500 * DAY_MS });
  openssl.write('late.pem', late.issuing.certificatePem);
  openssl.write('late.key', late.issuing.privateKeyPem);
  const none = { ca_chain: '', crl_pem: '' };
  return [
    ['a root that is over', 'V14', { ...none, ca_crt: past.root.certificatePem, server_crt: leaf('past') }],
    [
      'an issuing CA that is over, its root is not',
      'V14',
      { ...none, ca_crt: late.root.certificatePem, server_crt: leaf('late') + late.issuing.certificatePem },
    ],
    [
      'a root and an issuing CA that are over',
      'V14',
      {
        ...none,
        ca_crt: past.root.certificatePem,
        ca_chain: past.issuing.certificatePem,
        server_crt: leaf('pastissuing'),
      },
    ],
    [
      'a root of next week',
      'V13',
      { ...none, ca_crt: future.root.certificatePem, server_crt: leaf('future') },
    ],
  ];
}

/** What only a strict reader refuses: unknown critical extensions, names outside of what the CA may give. */
function constraints({ ca, leaf, openssl }: CorpusWorld): Case[] {
  const root = openssl.read('root.pem');
  return [
    [
      'an unknown critical extension',
      'V6',
      {
        ca_crt: root,
        ca_chain: '',
        crl_pem: '',
        server_crt: leaf('root', { extensions: { '1.2.3.4.5': 'critical,ASN1:NULL' } }),
      },
    ],
    [
      'a CA with an unknown critical extension',
      'V6',
      {
        ca_crt: ca('odd', { extensions: { '1.2.3.4.5': 'critical,ASN1:NULL' } }),
        ca_chain: '',
        crl_pem: '',
        server_crt: leaf('odd'),
      },
    ],
    [
      'names that the CA may not give',
      'V21',
      {
        ca_crt: ca('narrow', { extensions: { nameConstraints: 'critical,permitted;DNS:other.test' } }),
        ca_chain: '',
        crl_pem: '',
        server_crt: leaf('narrow'),
      },
    ],
    [
      'names that the CA is kept from',
      'V21',
      {
        ca_crt: ca('kept', { extensions: { nameConstraints: 'critical,excluded;DNS:example.test' } }),
        ca_chain: '',
        crl_pem: '',
        server_crt: leaf('kept'),
      },
    ],
  ];
}

/** Managers that could not call. */
function callers({ stranger, authority }: CorpusWorld): Case[] {
  return [
    [
      'a manager whose CA is not there',
      'V20',
      {},
      {
        managerClient: {
          cn: 'patch-manager-client',
          issuer_spki: parseCertificate(stranger.issuing.certificatePem).spkiSha256,
        },
      },
    ],
    [
      'a manager whose CA is the host itself',
      'V20',
      {},
      {
        managerClient: {
          cn: 'x',
          issuer_spki: otherThan(parseCertificate(authority.root.certificatePem).spkiSha256),
        },
      },
    ],
  ];
}

/** A fingerprint that differs in its first letter. */
const otherThan = (fingerprint: string): string =>
  `${fingerprint.startsWith('_') ? '-' : '_'}${fingerprint.slice(1)}`;

/** Bundles whose CAs must not be believed. */
export async function badAuthorities(world: CorpusWorld): Promise<Case[]> {
  return [
    ...authorities(world),
    ...chains(world),
    ...constraints(world),
    ...callers(world),
    ...(await outOfDateAuthorities(world)),
  ];
}
