import type { PersonRow } from '../database/schema.ts';
import type { PeopleContext } from './context.ts';
import { useCode } from './second-factor.ts';
import type { Candidate } from './throttle.ts';

/** What became of a try. */
export type Verdict = 'in' | 'wrong-password' | 'wrong-code' | 'code-missing';

/** A try counts as failed unless it is the person, or something is only missing. @throws PatchError `RATE_LIMIT_EXCEEDED` */
async function attempt(
  { throttle }: PeopleContext,
  candidate: Candidate,
  check: () => Promise<Verdict>,
): Promise<Verdict> {
  const begun = throttle.begin(candidate);
  try {
    const verdict = await check();
    if (verdict === 'in') begun.succeeded();
    if (verdict === 'code-missing') begun.withdraw();
    return verdict;
  } catch (error) {
    begun.withdraw();
    throw error;
  }
}

interface Claim {
  readonly person: PersonRow | undefined;
  readonly password: string;
}

/** Of nobody it takes as long. */
async function fitsPassword(
  { passwords }: PeopleContext,
  { device }: Candidate,
  { person, password }: Claim,
): Promise<boolean> {
  const fits = await passwords.matches(person?.password ?? undefined, password, device !== undefined);
  return fits && person?.disabled_at === null;
}

/** Whether it is the person, by all that their sign-in takes. @throws PatchError `RATE_LIMIT_EXCEEDED` */
export async function proveAll(
  context: PeopleContext,
  candidate: Candidate,
  { code, ...claim }: Claim & { readonly code: string | undefined },
): Promise<Verdict> {
  return attempt(context, candidate, async () => {
    const { person } = claim;
    if (!(await fitsPassword(context, candidate, claim)) || !person) return 'wrong-password';
    if (person.totp_secret === null) return 'in';
    if (code === undefined) return 'code-missing';
    return (await useCode(context, person, code)) ? 'in' : 'wrong-code';
  });
}

/** Whether it is the password. @throws PatchError `RATE_LIMIT_EXCEEDED` */
export async function provePassword(
  context: PeopleContext,
  candidate: Candidate,
  claim: Claim,
): Promise<boolean> {
  const verdict = await attempt(context, candidate, async () =>
    (await fitsPassword(context, candidate, claim)) ? 'in' : 'wrong-password',
  );
  return verdict === 'in';
}

/** Whether it is a code that counts. @throws PatchError `RATE_LIMIT_EXCEEDED` */
export async function proveCode(
  context: PeopleContext,
  candidate: Candidate,
  { person, code }: { readonly person: PersonRow; readonly code: string },
): Promise<boolean> {
  const verdict = await attempt(context, candidate, async () =>
    (await useCode(context, person, code)) ? 'in' : 'wrong-code',
  );
  return verdict === 'in';
}
