import { type PasskeyProof, PatchError, type StepUp } from '@linux-patch/contract';
import type { SessionRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { PasskeyFault } from '../passkeys/passkey-fault.ts';
import type { PeopleContext } from './context.ts';
import { hasSecondFactor, isOfProvider, type KnownPerson } from './known-person.ts';
import { type OidcDoor, tryOidc } from './oidc-sign-in.ts';
import { recordRefused } from './passkey-sign-in.ts';
import type { PasskeySite } from './passkeys.ts';
import { proveBy, proveCode, provePassword } from './prove.ts';
import type { Candidate } from './throttle.ts';
import { findPasskey, type Shown, usePasskey } from './use-passkey.ts';

interface Own {
  readonly person: KnownPerson;
  readonly session: SessionRow;
}

/** Somebody who shows again that it is them, in the session that they have. */
interface Showing extends Own {
  readonly address: string;
  readonly candidate: Candidate;
  /** What the browser holds of what it began with the identity provider. */
  readonly sealed: string | undefined;
}

/** With what people show again that it is them, beside passwords and codes. */
interface Ways {
  readonly site: PasskeySite;
  readonly door: OidcDoor | undefined;
}

/** @returns what is wrong; undefined when it is them */
async function tryPasskey(
  context: PeopleContext,
  site: PasskeySite,
  { person, session, address, candidate }: Showing,
  proof: PasskeyProof,
): Promise<string | undefined> {
  const row = await findPasskey(context, proof);
  const shown: Shown = { proof, purpose: `step-up ${session.id}`, row, person };
  const fault = await proveBy(context, candidate, PasskeyFault, () => usePasskey(context, site, shown));
  if (fault) await recordRefused(context, fault, { actor: `person:${person.name}`, address, shown });
  return fault?.message;
}

async function tryCode(context: PeopleContext, { person, candidate }: Showing, code: string) {
  const isThey = await proveCode(context, candidate, { person, code });
  return isThey ? undefined : 'The code is wrong, or was used before; each works once.';
}

async function tryPassword(context: PeopleContext, { person, candidate }: Showing, password: string) {
  const isThey = await provePassword(context, candidate, { person, password });
  return isThey ? undefined : 'The password is wrong.';
}

/** For who signs in with the identity provider nothing else is a proof. */
async function tryProvider(
  context: PeopleContext,
  { door }: Ways,
  { person, session, candidate, sealed }: Showing,
  answer: string | undefined,
) {
  if (!door || answer === undefined)
    return 'You sign in with the identity provider, so show there that it is you.';
  return tryOidc(context, door, { person, sessionId: session.id, candidate }, { answer, sealed });
}

function wayOf(person: KnownPerson, { passkey }: StepUp) {
  if (isOfProvider(person)) return 'oidc';
  if (passkey) return 'passkey';
  return hasSecondFactor(person) ? 'code' : 'password';
}

/**
 * Somebody shows again that it is them: by the identity provider where they sign in with it; else by a passkey or a code, or
 * by the password where they have neither.
 * @throws PatchError `FORBIDDEN` when it is wrong, `RATE_LIMIT_EXCEEDED`, `IDENTITY_PROVIDER_ERROR`
 */
export async function stepUp(
  context: PeopleContext,
  ways: Ways,
  own: Own & Pick<Showing, 'address' | 'sealed'>,
  shown: StepUp,
): Promise<SessionRow> {
  const { person, session, address } = own;
  const showing = { ...own, candidate: { name: person.name, address, device: session.id } };
  const { password, code, passkey, oidc } = shown;
  const by = wayOf(person, shown);
  const tries = {
    oidc: () => tryProvider(context, ways, showing, oidc),
    passkey: () => passkey && tryPasskey(context, ways.site, showing, passkey),
    // What is missing is no guess, and counts as none: a link of somebody else can make the page send nothing.
    code: () => (code === undefined ? 'This takes a code or a passkey.' : tryCode(context, showing, code)),
    password: () =>
      password === undefined ? 'This takes the password.' : tryPassword(context, showing, password),
  };
  const fault = await tries[by]();
  if (fault !== undefined) throw new PatchError('FORBIDDEN', `${fault} Nothing was done.`);
  const { db, audit, clock } = context;
  const proven_at = clock.now();
  await inTransaction(db, async (own) => {
    await own.updateTable('sessions').set({ proven_at }).where('id', '=', session.id).execute();
    const fields = { session: session.id, by };
    await audit.record(own, { actor: `person:${person.name}`, event: 'person_stepped_up', fields });
  });
  return { ...session, proven_at };
}
