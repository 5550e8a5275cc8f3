import { type PasskeyProof, PatchError, type StepUp } from '@linux-patch/contract';
import type { SessionRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { PeopleContext } from './context.ts';
import { hasSecondFactor, type KnownPerson } from './known-person.ts';
import { recordRefused } from './passkey-sign-in.ts';
import type { PasskeySite } from './passkeys.ts';
import { proveByPasskey, proveCode, provePassword } from './prove.ts';
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
  const fault = await proveByPasskey(context, candidate, () => usePasskey(context, site, shown));
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

/**
 * Somebody shows again that it is them: by a passkey or a code, or by the password where they have neither.
 * @throws PatchError `FORBIDDEN` when it is wrong, `RATE_LIMIT_EXCEEDED`
 */
export async function stepUp(
  context: PeopleContext,
  site: PasskeySite,
  { person, session, address }: Own & { readonly address: string },
  { password = '', code = '', passkey }: StepUp,
): Promise<SessionRow> {
  const candidate = { name: person.name, address, device: session.id };
  const showing = { person, session, address, candidate };
  const by = passkey ? 'passkey' : hasSecondFactor(person) ? 'code' : 'password';
  const fault = passkey
    ? await tryPasskey(context, site, showing, passkey)
    : await (by === 'code' ? tryCode(context, showing, code) : tryPassword(context, showing, password));
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
