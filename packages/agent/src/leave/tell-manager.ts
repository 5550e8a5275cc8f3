import { ENROLL_PATHS, messageOf } from '@linux-patch/contract';
import { createLeaveProof } from '@linux-patch/pki';
import type { Clock, Random } from '@linux-patch/runtime';
import type { Material } from '../identity/store/material.ts';
import { codeOf, wordsOf } from '../manager-link/answer-body.ts';
import type { ManagerAnswer } from '../manager-link/client.ts';
import { verifiedBy } from '../manager-link/connection.ts';
import { type ManagerWay, openManagerLink } from '../manager-link/link.ts';

/** Whether the manager knows that the host leaves, and if not, why. */
export type Told = { readonly told: true } | { readonly told: false; readonly reason: string };

function meaningOf(answer: ManagerAnswer, url: URL): Told {
  if (answer.status === 200) return { told: true };
  // Revoked already: this certificate is worth nothing there any more.
  if (codeOf(answer) === 'CERT_REVOKED') return { told: true };
  const reason =
    answer.status === 404 || answer.status === 405
      ? `${url.href} does not exist: a manager of the older generation cannot be told`
      : `${url.href} does not accept it: ${wordsOf(answer)}`;
  return { told: false, reason };
}

/** Says goodbye, proven with the current key, over a connection that the installed CA proves. Never throws. */
export async function tellManager(options: {
  readonly way: ManagerWay;
  readonly material: Material;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<Told> {
  const { way, material, clock, random } = options;
  try {
    const link = openManagerLink(way, verifiedBy(material.caPem));
    const url = link.at(ENROLL_PATHS.leave);
    const proof = createLeaveProof({
      privateKeyPem: material.keyPem,
      certificateChainPem: material.certificatePem,
      audience: url.href,
      nowS: Math.floor(clock.now() / 1000),
      jti: random.uuid(),
    });
    return meaningOf(await link.post(ENROLL_PATHS.leave, { proof }), url);
  } catch (error) {
    return { told: false, reason: messageOf(error) };
  }
}
