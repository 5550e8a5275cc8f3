import { messageOf } from '@linux-patch/contract';
import { parseCrl, verifyCrl } from '../crl.ts';
import { coversCertificate } from '../crl-scope.ts';
import type { Fault } from './finding.ts';
import { isoOf, type Subject } from './subject.ts';

/**
 * V17: the revocation list, which may be missing. An outdated one counts all the same; one whose issuing distribution
 * point does not cover the certificate says nothing about it.
 */
export function revocationFaults(subject: Subject): Fault[] {
  const { candidate, expected } = subject;
  const { crl } = candidate;
  if (!crl?.text?.trim()) return [];
  const fault = (message: string): Fault => ({ check: 'V17', message, paths: [crl.path] });
  try {
    const facts = parseCrl(crl.text);
    const { cas, intermediates, leaf } = subject;
    const text = crl.text;
    const issuers = [...cas, ...intermediates].filter((one) => one.isCa && one.subject === facts.issuer);
    if (issuers.length === 0)
      return [
        fault(`The revocation list in ${crl.path} is of "${facts.issuer}", which is no CA of this set.`),
      ];
    if (!issuers.some((one) => verifyCrl(text, one.pem)))
      return [
        fault(
          `The revocation list in ${crl.path} is not signed by the CA "${facts.issuer}" of this set; it may be another CA of the same name.`,
        ),
      ];
    const isAbout =
      issuers.some((one) => one.subject === leaf.issuer) && coversCertificate(facts.scope, leaf);
    if (isAbout && facts.serials.has(leaf.serialHex))
      return [fault(`${subject.name} is revoked: the revocation list in ${crl.path} has its serial number.`)];
    const { nextUpdateMs } = facts;
    if (nextUpdateMs === undefined || expected.now <= nextUpdateMs) return [];
    const outdated = `The revocation list in ${crl.path} should have been replaced by ${isoOf(nextUpdateMs)}; it still counts, and the agent fetches a new one as soon as it reaches the manager.`;
    return [{ ...fault(outdated), refuses: 'never', repair: 'linux-patch-api doctor' }];
  } catch (error) {
    return [fault(`The revocation list in ${crl.path} cannot be used: ${messageOf(error)}`)];
  }
}

/** V20: whether this host will know its manager when it calls. */
export function managerClientFaults(subject: Subject): Fault[] {
  const { cas, intermediates, expected, candidate } = subject;
  const { managerClient } = expected;
  if (!managerClient) return [];
  if ([...cas, ...intermediates].some((one) => one.isCa && one.spkiSha256 === managerClient.issuer_spki))
    return [];
  const message =
    `The manager calls as "${managerClient.cn}" with a certificate of a CA (key ${managerClient.issuer_spki}) that is not in ` +
    `${candidate.ca.path} or ${candidate.certificate.path}; it could not reach this host.`;
  return [{ check: 'V20', message, paths: [candidate.ca.path] }];
}
