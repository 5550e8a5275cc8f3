import { lazily, parseJson } from '@linux-patch/contract';
import { z } from 'zod';
import type { Challenges, Purpose } from './challenges.ts';
import { PasskeyFault } from './passkey-fault.ts';
import type { RelyingParty } from './relying-party.ts';

/** What a browser says that it signs (WebAuthn §5.8.1); it may say more. */
const ClientData = lazily(() =>
  z.object({
    type: z.string(),
    challenge: z.string(),
    origin: z.string(),
    crossOrigin: z.boolean().optional(),
    topOrigin: z.string().optional(),
  }),
);

/** What is expected of it. */
export interface Asked {
  readonly party: RelyingParty;
  readonly challenges: Challenges;
  readonly purpose: Purpose;
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Whether a browser signs what it was asked for, from our page; gives the challenge.
 * @throws PasskeyFault for anything else
 */
export function requireAsked(
  bytes: Uint8Array,
  type: 'webauthn.create' | 'webauthn.get',
  { party, challenges, purpose }: Asked,
): string {
  const read = ClientData.safeParse(readJson(bytes));
  if (!read.success || read.data.type !== type)
    throw new PasskeyFault('The browser has answered something else than it was asked.');
  const { challenge, origin, crossOrigin, topOrigin } = read.data;
  if (origin !== party.origin)
    throw new PasskeyFault(
      `This was asked for by another page than that of ${party.origin}. Open the page there.`,
    );
  if (crossOrigin === true || topOrigin !== undefined)
    throw new PasskeyFault('This was asked for within a page of another site.');
  if (!challenges.isGood(challenge, purpose))
    throw new PasskeyFault(
      'What was signed is no question of this session any more: it took longer than five minutes, was answered before, or the manager was restarted. Try again.',
    );
  return challenge;
}
