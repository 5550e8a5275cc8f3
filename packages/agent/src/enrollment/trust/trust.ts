import { ENROLL_PATHS, messageOf, PatchError } from '@linux-patch/contract';
import { systemAuthorities } from '@linux-patch/http/client';
import {
  matchesFingerprint,
  parseCertificateDer,
  parseCertificates,
  readCertificateText,
  spkiFingerprint,
} from '@linux-patch/pki';
import { type Files, printableLine } from '@linux-patch/runtime';
import type { JoinCredential } from '@linux-patch/worker';
import { findOpenFile, openFileWords } from '../../host/real-file.ts';
import { retryAfterMs, wordsOf } from '../../manager-link/answer-body.ts';
import type { ManagerAnswer } from '../../manager-link/client.ts';
import type { PeerTrust } from '../../manager-link/connection.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import { type ManagerWay, openManagerLink, PEM } from '../../manager-link/link.ts';
import { type PinLater, trustLater } from '../older/pinned-peers.ts';

/** How this enrolment comes to trust its manager. */
export type Trust =
  /** The connection itself is proven; `anchors` are the CA certificates that prove it. */
  | {
      readonly kind: 'ca_file' | 'pin' | 'system';
      readonly peer: PeerTrust;
      readonly anchors: readonly string[];
      /** Subject of the CA that vouches, for people; undefined where several might. */
      readonly issuer?: string | undefined;
    }
  | PinLater
  /** The host code proves the manager, or nothing does; the connection may be proven all the same. */
  | { readonly kind: 'code' | 'tofu'; readonly peer: PeerTrust; readonly issuer?: string | undefined };

/** `enrollment.trust`: what counts as a proof beside file, pin and join string. */
export type TrustMode = 'auto' | 'code' | 'tofu';

/** What an administrator says about whom to believe. */
export interface TrustSettings {
  readonly files: Files;
  readonly way: ManagerWay;
  readonly caFile: string | undefined;
  readonly caFingerprint: string | undefined;
  readonly mode: TrustMode;
}

interface TrustSources extends TrustSettings {
  /** The join string, whose pin holds beside everything that is configured. */
  readonly join?: JoinCredential | undefined;
  /** Told what is odd about the CA file but does not keep it from being used. */
  readonly warn?: (message: string) => void;
}

const UNVERIFIED: PeerTrust = { kind: 'unverified' };

function unusableCaFile(path: string, reason: string, cause?: unknown): PatchError {
  const message = `enrollment.ca_file ${path} cannot be used: ${reason} Nothing was sent to the manager.`;
  return new PatchError('MANAGER_UNTRUSTED', message, { cause });
}

async function readCaFile({ files, warn }: TrustSources, path: string): Promise<string[]> {
  let text: string | undefined;
  try {
    text = await files.readText(path);
  } catch (cause) {
    throw unusableCaFile(path, `${messageOf(cause)}.`, cause);
  }
  if (text === undefined) throw unusableCaFile(path, 'it does not exist.');
  const open = await findOpenFile(files, path);
  if (open) {
    const { message, repair } = openFileWords(open);
    throw unusableCaFile(path, `${message}, and choose the manager of this host; to mend it: ${repair}.`);
  }
  try {
    for (const oddity of readCertificateText(text, 'CA').oddities) {
      warn?.(`enrollment.ca_file ${path} ${oddity}; its certificates are used all the same`);
    }
    return parseCertificates(text).map((one) => one.pem);
  } catch (cause) {
    throw unusableCaFile(path, messageOf(cause), cause);
  }
}

function askForCa({ way }: TrustSources, peer: PeerTrust): Promise<ManagerAnswer> {
  return openManagerLink(way, peer).get(ENROLL_PATHS.ca, { headers: PEM });
}

/** What a CA must be, and who says so. */
interface Pin {
  readonly fingerprint: string;
  readonly from: string;
}

function pinsOf({ caFingerprint, join }: TrustSources): Pin[] {
  return [
    ...(caFingerprint === undefined
      ? []
      : [{ fingerprint: caFingerprint, from: 'enrollment.ca_fingerprint' }]),
    ...(join === undefined
      ? []
      : [{ fingerprint: join.caFingerprint, from: `the join string in ${join.source}` }]),
  ];
}

/** Two settings that name different CAs: neither is preferred, because one of them is a mistake or somebody's trick. */
function contradiction(one: string, other: string): PatchError {
  return new PatchError(
    'JOIN_STRING_INVALID',
    `${one} and ${other} name different CAs. Nothing was sent to the manager. Compare both with the fingerprint that ` +
      '"linux-patch-manager status" shows, and remove the one that is wrong.',
  );
}

/** Fetches the CA over a connection that proves nothing, and believes only what fits every pin. */
async function trustByPin(sources: TrustSources, pins: readonly Pin[]): Promise<Trust> {
  const answer = await askForCa(sources, UNVERIFIED);
  if (answer.status === 429 || answer.status >= 500) {
    throw new ManagerFailure(
      answer.status === 429 ? 'throttled' : 'transient',
      `${sources.way.managerUrl.href} does not give its CA now: ${wordsOf(answer)}.`,
      { retryAfterMs: retryAfterMs(answer), details: { status: answer.status } },
    );
  }
  let certificates: readonly { readonly pem: string }[];
  try {
    certificates = answer.status === 200 ? parseCertificates(answer.text) : [];
  } catch {
    certificates = [];
  }
  if (certificates.length === 0)
    return trustLater(sources.way.managerUrl, sources.caFingerprint, sources.join?.source);
  const fits = (pin: Pin) => certificates.some((one) => matchesFingerprint(one.pem, pin.fingerprint));
  const pinned = certificates.filter((one) =>
    pins.every((pin) => matchesFingerprint(one.pem, pin.fingerprint)),
  );
  if (pinned.length > 0) {
    const anchors = pinned.map((one) => one.pem);
    return { kind: 'pin', peer: { kind: 'verified', ca: anchors }, anchors, issuer: onlySubject(anchors) };
  }
  const [first, second] = pins;
  if (first && second && pins.some(fits)) throw contradiction(first.from, second.from);
  const seen = certificates.map((one) => spkiFingerprint(one.pem)).join(', ');
  throw new ManagerFailure(
    'security',
    `The CA of ${sources.way.managerUrl.href} does not have the fingerprint of ${pins.map((pin) => pin.from).join(' and ')}; it has ${seen}. ` +
      'Either the configured value is wrong, or it is of a CA that was replaced ("linux-patch-manager ca status" on the manager ' +
      'shows the fingerprints that work), or this is not your manager. Nothing was sent and nothing was installed.',
  );
}

/** Longest name of a CA that is written down. */
const LONGEST_NAME = 200;

/** The subject of the only certificate; where there are several, which of them vouches is not known yet. */
function onlySubject(anchors: readonly string[]): string | undefined {
  const [first, ...more] = anchors.flatMap((pem) => parseCertificates(pem));
  return first && more.length === 0 ? nameOf(first.subject) : undefined;
}

function nameOf(subject: string): string {
  return printableLine(subject).slice(0, LONGEST_NAME);
}

/** The CA at which a chain that was verified ends: the last certificate's issuer, which is itself at a root. */
function issuerOf(peerChain: readonly Uint8Array[]): string | undefined {
  const last = peerChain.at(-1);
  return last && nameOf(parseCertificateDer(last).issuer);
}

/** Asks the system's CAs about the manager; undefined only when the verification failed. */
async function askSystem(sources: TrustSources): Promise<Trust | undefined> {
  const anchors = systemAuthorities();
  const peer: PeerTrust = { kind: 'verified', ca: anchors };
  try {
    const { peerChain } = await askForCa(sources, peer);
    return { kind: 'system', peer, anchors, issuer: issuerOf(peerChain) };
  } catch (error) {
    if (!(error instanceof ManagerFailure) || error.kind !== 'security') throw error;
    // A certificate that is not yet valid shows a slow clock of this host; that is no reason for a weaker proof.
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'CERT_NOT_YET_VALID') throw error;
    return undefined;
  }
}

/** What file, pin or the system's CAs prove; undefined when none of them is there or fits. */
async function findProof(sources: TrustSources): Promise<Trust | undefined> {
  if (sources.caFile !== undefined) {
    const anchors = await readCaFile(sources, sources.caFile);
    const { join } = sources;
    if (join && !anchors.some((pem) => matchesFingerprint(pem, join.caFingerprint)))
      throw contradiction(`enrollment.ca_file ${sources.caFile}`, `the join string in ${join.source}`);
    const peer: PeerTrust = { kind: 'verified', ca: anchors };
    return { kind: 'ca_file', peer, anchors, issuer: onlySubject(anchors) };
  }
  const pins = pinsOf(sources);
  if (pins.length > 0) return trustByPin(sources, pins);
  return sources.mode === 'code' ? undefined : askSystem(sources);
}

/**
 * Finds out what proves the manager, in the order: CA file, pin (of the configuration or a join string), the system's CAs, host code, and `tofu` only when
 * it is configured. Plain HTTP proves nothing, so only the last two are left for it.
 *
 * With `enrollment.trust: code` the system's CAs are not asked, and file and pin protect the connection but do not replace
 * the host code (or the join token): whoever runs a CA that this host believes for the web is not the manager.
 *
 * @throws ManagerFailure when the manager cannot be reached or is provably another one.
 */
export async function establishTrust(sources: TrustSources): Promise<Trust> {
  const last: Trust = { kind: sources.mode === 'tofu' ? 'tofu' : 'code', peer: UNVERIFIED };
  if (sources.way.managerUrl.protocol === 'http:') return last;
  const found = await findProof(sources);
  if (!found) return last;
  if (sources.mode !== 'code') return found;
  return { kind: 'code', peer: found.peer, issuer: found.issuer };
}

/** Whether this trust is enough to take a private key that the manager made. */
export function acceptsForeignKey(trust: Trust): boolean {
  return trust.kind !== 'code';
}
