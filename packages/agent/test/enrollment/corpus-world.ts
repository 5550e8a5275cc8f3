import type { Bundle } from '@linux-patch/contract';
import { agentProfile, generateKey, parseCertificate } from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { type Openssl, opensslFolder } from '../../../pki/test/openssl.ts';

/** Now, because the handshake judges by the machine's own clock. */
export const NOW = Math.floor(Date.now() / 1000) * 1000;
export const DAY_MS = 86_400_000;
export const NAMES = { fqdn: 'amber.example.test', ipAddress: '192.0.2.5' };
/** Extensions of a certificate that is right. */
const GOOD_EXTENSIONS: Readonly<Record<string, string>> = {
  basicConstraints: 'critical,CA:FALSE',
  keyUsage: 'critical,digitalSignature',
  extendedKeyUsage: 'serverAuth',
  subjectAltName: `DNS:${NAMES.fqdn},IP:${NAMES.ipAddress}`,
};
/** Extensions of a CA that is right. */
const CA_EXTENSIONS: Readonly<Record<string, string>> = {
  basicConstraints: 'critical,CA:TRUE',
  keyUsage: 'critical,keyCertSign,cRLSign',
  subjectKeyIdentifier: 'hash',
};

type Extensions = Readonly<Record<string, string | undefined>>;

/** Real keys and certificates to make bad bundles from; what our own issuer refuses to make comes from openssl. */
export interface CorpusWorld extends Disposable {
  readonly authority: TestAuthority;
  /** Another CA of the same names. */
  readonly stranger: TestAuthority;
  readonly ownKeyPem: string;
  /** For our own key. */
  readonly good: Bundle;
  /** With a key from the manager. */
  readonly older: Bundle & { readonly server_key: string };
  readonly openssl: Openssl;
  /** A CA of openssl's: `NAME.pem` and `NAME.key`, self-signed, or signed by `by`. */
  readonly ca: (name: string, options?: CaWish) => string;
  /** A certificate for our key (or the one in `key`) by a CA of openssl's, PEM. */
  readonly leaf: (ca: string, options?: LeafWish) => string;
  /** A key of openssl's: the file's name and PEM. */
  readonly key: (...genpkey: readonly string[]) => { readonly file: string; readonly pem: string };
}

interface CaWish {
  readonly extensions?: Extensions;
  readonly by?: string;
  readonly newKey?: readonly string[];
  readonly digest?: string;
  readonly subject?: string;
}

interface LeafWish {
  readonly extensions?: Extensions;
  readonly key?: string;
  readonly days?: number;
  readonly digest?: string;
  readonly version1?: boolean;
}

function extensionText(extensions: Extensions): string {
  return Object.entries(extensions)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join('\n');
}

/** What openssl does for the corpus. */
function opensslParts(openssl: Openssl): Pick<CorpusWorld, 'ca' | 'leaf' | 'key'> {
  let count = 0;
  const fresh = (prefix: string): string => `${prefix}${(count += 1)}`;
  const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const sign = (request: string, issuer: string, extensions: Extensions, more: readonly string[]): void => {
    openssl.write(`${request}.ext`, extensionText(extensions));
    const by = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'];
    const files = ['-in', `${request}.csr`, '-out', `${request}.pem`];
    openssl.run('x509', '-req', ...by, ...files, ...more);
  };
  return {
    ca(name, options = {}) {
      const extensions = { ...CA_EXTENSIONS, ...options.extensions };
      const key = ['-nodes', ...(options.newKey ?? p256), '-keyout', `${name}.key`];
      const subject = ['-subj', options.subject ?? `/CN=${name}`];
      openssl.run('req', '-new', ...key, ...subject, '-out', `${name}.csr`);
      openssl.write(`${name}.ext`, extensionText(extensions));
      const digest = options.digest ?? '-sha256';
      const extended = ['-extfile', `${name}.ext`, '-days', '1000', digest];
      if (options.by) sign(name, options.by, extensions, extended);
      else {
        const own = ['-signkey', `${name}.key`, '-in', `${name}.csr`, '-out', `${name}.pem`];
        openssl.run('x509', '-req', ...own, ...extended);
      }
      return openssl.read(`${name}.pem`);
    },
    leaf(ca, options = {}) {
      const name = fresh('leaf');
      const key = ['-key', options.key ?? 'own.key'];
      openssl.run('req', '-new', ...key, '-subj', '/CN=amber', '-out', `${name}.csr`);
      const extended = options.version1 ? [] : ['-extfile', `${name}.ext`];
      sign(name, ca, { ...GOOD_EXTENSIONS, ...options.extensions }, [
        ...extended,
        '-days',
        String(options.days ?? 90),
        options.digest ?? '-sha256',
      ]);
      return openssl.read(`${name}.pem`);
    },
    key(...genpkey) {
      const file = `${fresh('key')}.pem`;
      openssl.run('genpkey', ...genpkey, '-out', file);
      return { file, pem: openssl.read(file) };
    },
  };
}

export async function createCorpusWorld(): Promise<CorpusWorld> {
  const [authority, stranger, ownKeyPem, sentKeyPem] = await Promise.all([
    testAuthority({ now: NOW }),
    testAuthority({ now: NOW }),
    generateKey(),
    generateKey(),
  ]);
  const bundleFor = async (privateKeyPem: string): Promise<Bundle> => {
    const issued = await authority.issue(agentProfile(NAMES), { privateKeyPem });
    return {
      ca_crt: authority.root.certificatePem,
      ca_chain: authority.caPem,
      server_crt: issued.chainPem,
      crl_pem: await authority.createCrl(),
    };
  };
  const openssl = opensslFolder();
  openssl.write('own.key', ownKeyPem);
  const parts = opensslParts(openssl);
  parts.ca('root');
  return {
    authority,
    stranger,
    ownKeyPem,
    good: await bundleFor(ownKeyPem),
    older: { ...(await bundleFor(sentKeyPem)), server_key: sentKeyPem },
    openssl,
    ...parts,
    [Symbol.dispose]: () => openssl[Symbol.dispose](),
  };
}

/** A PEM text with other DER inside its first block. */
export function withDer(pem: string, change: (der: Buffer) => Buffer): string {
  const [label] = /(?<=-----BEGIN )[A-Z0-9 ]+(?=-----)/.exec(pem) ?? ['CERTIFICATE'];
  const block = new RegExp(`-----BEGIN ${label}-----([^-]+)-----END ${label}-----`);
  return pem.replace(block, (_all, base64: string) => {
    const lines =
      change(Buffer.from(base64, 'base64'))
        .toString('base64')
        .match(/.{1,64}/g) ?? [];
    return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join('\n');
  });
}

/** The first block of a PEM text as DER read as text, which is what a careless download makes of it. */
export function asBinary(pem: string): string {
  const [base64] = /(?<=-----BEGIN [A-Z0-9 ]+-----)[^-]+/.exec(pem) ?? [''];
  return Buffer.from(base64, 'base64').toString('latin1');
}

/** The certificates of a PEM text, each by itself. */
export function blocksOf(pem: string): string[] {
  return pem.split(/(?<=-----END CERTIFICATE-----\n)/).filter((block) => block !== '');
}

/** Serial number of the first certificate. */
export function serialOf(pem: string): string {
  return parseCertificate(blocksOf(pem)[0] ?? '').serialHex;
}
