import { ENROLL_PATHS, messageOf, parseJson } from '@linux-patch/contract';
import { createLeaveProof, parseCertificates } from '@linux-patch/pki';
import type { Clock, Random } from '@linux-patch/runtime';
import { z } from 'zod';
import type { Material } from '../identity/store/material.ts';
import { wordsOf } from '../manager-link/answer-body.ts';
import { REQUEST_TIMEOUT_MS } from '../manager-link/calls.ts';
import { askManager, type ManagerAnswer } from '../manager-link/client.ts';
import type { ProxyChoice } from '../manager-link/proxy.ts';

/** Whether the manager knows that the host leaves, and if not, why. */
export type Told = { readonly told: true } | { readonly told: false; readonly reason: string };

const Refusal = z.object({ error: z.object({ code: z.string() }) });

function codeOf(answer: ManagerAnswer): string | undefined {
  try {
    return Refusal.safeParse(parseJson(answer.text)).data?.error.code;
  } catch {
    return undefined;
  }
}

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
  readonly managerUrl: URL;
  readonly material: Material;
  readonly clock: Clock;
  readonly random: Random;
  readonly proxyFor: ProxyChoice;
  readonly signal: AbortSignal;
}): Promise<Told> {
  const { managerUrl, material, clock, random } = options;
  const url = new URL(ENROLL_PATHS.leave, managerUrl);
  try {
    const proof = createLeaveProof({
      privateKeyPem: material.keyPem,
      certificateChainPem: material.certificatePem,
      audience: url.href,
      nowS: Math.floor(clock.now() / 1000),
      jti: random.uuid(),
    });
    const answer = await askManager({
      url,
      shownUrl: url.href,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ proof }),
      peer: { kind: 'verified', ca: parseCertificates(material.caPem).map((one) => one.pem) },
      proxyFor: options.proxyFor,
      timeoutMs: REQUEST_TIMEOUT_MS,
      signal: options.signal,
    });
    return meaningOf(answer, url);
  } catch (error) {
    return { told: false, reason: messageOf(error) };
  }
}
