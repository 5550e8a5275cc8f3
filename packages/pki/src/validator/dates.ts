import { DAY_MS, HOUR_MS } from '@linux-patch/contract';
import type { CertificateFacts } from '../certificates.ts';
import { CLOCK_SKEW_MS, dateFault } from '../chain.ts';
import type { Fault } from './finding.ts';
import { isoOf, pathOf, type Subject } from './subject.ts';

const LONGEST_LIFE_DAYS = 825;

/** V13 and V14: whether certificate and CAs are in date; among several CAs only those of the chain count. */
export function dateFaults(subject: Subject): Fault[] {
  const { chain, cas, leaf, expected } = subject;
  const { now, occasion } = expected;
  // Without a chain nobody knows which CA is meant; then the CAs fail only when none of them is in date.
  const relevant = chain?.slice(1) ?? (cas.every((ca) => dateFault(ca, now)) ? cas : []);
  const outOfDate = relevant.find((ca) => dateFault(ca, now)) ?? (dateFault(leaf, now) ? leaf : undefined);
  if (outOfDate) return [outOfDateFault(subject, outOfDate)];
  return occasion === 'install' ? marginFaults(subject) : [];
}

function outOfDateFault(subject: Subject, certificate: CertificateFacts): Fault {
  const { now } = subject.expected;
  const path = pathOf(subject, certificate);
  const role = certificate === subject.leaf ? 'server certificate' : 'CA certificate';
  const name = `The ${role} in ${path} ("${certificate.subject}", serial ${certificate.serialHex})`;
  const clock = `this host's clock says ${isoOf(now)}`;
  if (now > certificate.notAfterMs) {
    const days = Math.floor((now - certificate.notAfterMs) / DAY_MS);
    const ago = days === 0 ? 'less than a day ago' : `${days} ${days === 1 ? 'day' : 'days'} ago`;
    const message = `${name} expired on ${isoOf(certificate.notAfterMs)}, ${ago}: ${clock}.`;
    return { check: 'V14', message, paths: [path] };
  }
  const message =
    `${name} is not valid before ${isoOf(certificate.notBeforeMs)}, but ${clock} ` +
    `(${CLOCK_SKEW_MS / 60_000} minutes of difference are allowed). The clock is probably wrong.`;
  return { check: 'V13', message, paths: [path] };
}

/** A new certificate that is as good as over would only be renewed in a hurry. */
function marginFaults({ leaf, expected, name, candidate }: Subject): Fault[] {
  const lifeMs = leaf.notAfterMs - leaf.notBeforeMs;
  const neededMs = Math.max(Math.min(HOUR_MS, lifeMs / 2), lifeMs * 0.02);
  if (leaf.notAfterMs - expected.now >= neededMs) return [];
  const message = `${name} is as good as over: it expires on ${isoOf(leaf.notAfterMs)}, this host's clock says ${isoOf(expected.now)}.`;
  return [{ check: 'V14', message, paths: [candidate.certificate.path] }];
}

/** V15: how long the certificate is made for. */
export function lifeFaults({ leaf, name, candidate }: Subject): Fault[] {
  const lifeDays = (leaf.notAfterMs - leaf.notBeforeMs) / DAY_MS;
  if (lifeDays > 0 && lifeDays <= LONGEST_LIFE_DAYS) return [];
  const message = `${name} is made for ${Math.round(lifeDays)} days; more than 0 and at most ${LONGEST_LIFE_DAYS} are accepted.`;
  return [{ check: 'V15', message, paths: [candidate.certificate.path] }];
}

/** V16: whether the certificate was made for this request and is not an old one sent again. */
export function freshnessFaults({ leaf, expected, name, candidate }: Subject): Fault[] {
  const { freshness } = expected;
  if (!freshness) return [];
  const paths = [candidate.certificate.path];
  if (freshness.knownSerials.includes(leaf.serialHex)) {
    const message = `${name} is not new: this host has had a certificate with this serial number. An old answer may have been sent again.`;
    return [{ check: 'V16', message, paths }];
  }
  const { requestedAtMs } = freshness;
  if (requestedAtMs === undefined || leaf.notBeforeMs >= requestedAtMs - DAY_MS) return [];
  const message =
    `${name} is valid since ${isoOf(leaf.notBeforeMs)}, long before this host asked for it on ${isoOf(requestedAtMs)}. ` +
    "An old answer may have been sent again, or this host's clock was wrong when it asked.";
  return [{ check: 'V16', message, paths }];
}
