import type { KeyObject } from 'node:crypto';
import { isPatchError } from '@linux-patch/contract';
import { type CertificateFacts, parseCertificates } from './certificates.ts';
import type { IdentityStatus } from './identity-status.ts';
import { readPrivateKey } from './keys.ts';

/** One file of an identity; `text` is undefined when it does not exist. */
export interface IdentityFile {
  readonly path: string;
  readonly text: string | undefined;
}

/** The three files of an agent's identity. */
export interface IdentityFiles {
  /** Trusted CAs; several during a rotation. */
  readonly ca: IdentityFile;
  /** The server certificate, optionally followed by its intermediates. */
  readonly certificate: IdentityFile;
  readonly key: IdentityFile;
}

/** The files' contents, none of them checked against another. */
export interface ParsedIdentity {
  readonly files: IdentityFiles;
  readonly cas: readonly CertificateFacts[];
  readonly leaf: CertificateFacts;
  readonly intermediates: readonly CertificateFacts[];
  readonly key: KeyObject;
}

type Failure = Extract<IdentityStatus, { status: 'missing' | 'corrupt' }>;

/** Parses the three files, or says which are missing, or which is the first that cannot be read and why. */
export function parseIdentity(files: IdentityFiles): ParsedIdentity | Failure {
  const { ca, certificate, key } = files;
  if (ca.text === undefined || certificate.text === undefined || key.text === undefined) {
    return missing([ca, certificate, key].filter((file) => file.text === undefined).map((file) => file.path));
  }
  const cas = attempt('CA', ca.path, ca.text, parseCertificates);
  if ('status' in cas) return cas;
  const chain = attempt('server certificate', certificate.path, certificate.text, parseCertificates);
  if ('status' in chain) return chain;
  const keyObject = attempt('private key', key.path, key.text, readPrivateKey);
  if ('status' in keyObject) return keyObject;
  const [leaf, ...intermediates] = chain.value;
  if (leaf === undefined) return corrupt('server certificate', certificate.path, 'it holds no certificate');
  return { files, cas: cas.value, leaf, intermediates, key: keyObject.value };
}

function missing(paths: readonly string[]): Failure {
  const what =
    paths.length === 1 ? 'A file of the identity does' : `${paths.length} files of the identity do`;
  return {
    status: 'missing',
    code: 'CERT_MISSING',
    paths,
    message: `${what} not exist: ${paths.join(', ')}.`,
  };
}

function attempt<T>(
  what: string,
  path: string,
  text: string,
  parse: (text: string) => T,
): { value: T } | Failure {
  try {
    return { value: parse(text) };
  } catch (error) {
    if (!isPatchError(error, 'CERT_CORRUPT')) throw error;
    const { reason } = error.details;
    return corrupt(what, path, typeof reason === 'string' ? reason : error.message);
  }
}

function corrupt(what: string, path: string, reason: string): Failure {
  return {
    status: 'corrupt',
    code: 'CERT_CORRUPT',
    path,
    message: `The ${what} file ${path} cannot be used: ${reason}.`,
  };
}
