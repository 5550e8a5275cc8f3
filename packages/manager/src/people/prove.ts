import type { PeopleContext } from './context.ts';
import { hasSecondFactor, type KnownPerson } from './known-person.ts';
import { useCode } from './second-factor.ts';
import type { Candidate } from './throttle.ts';

/** What became of a try. */
export type Verdict = 'in' | 'wrong-password' | 'wrong-code' | 'code-missing';

/** A try counts as failed unless it is the person, or something is only missing. @throws PatchError `RATE_LIMIT_EXCEEDED` */
async function attempt<V extends string>(
  { throttle }: PeopleContext,
  candidate: Candidate,
  check: () => Promise<V>,
): Promise<V> {
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
  readonly person: KnownPerson | undefined;
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
  return attempt<Verdict>(context, candidate, async () => {
    const { person } = claim;
    if (!(await fitsPassword(context, candidate, claim)) || !person) return 'wrong-password';
    if (!hasSecondFactor(person)) return 'in';
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
  const verdict = await attempt(
    context,
    candidate,
    async (): Promise<Verdict> => ((await fitsPassword(context, candidate, claim)) ? 'in' : 'wrong-password'),
  );
  return verdict === 'in';
}

/** Whether it is a code that counts. @throws PatchError `RATE_LIMIT_EXCEEDED` */
export async function proveCode(
  context: PeopleContext,
  candidate: Candidate,
  { person, code }: { readonly person: KnownPerson; readonly code: string },
): Promise<boolean> {
  const verdict = await attempt(
    context,
    candidate,
    async (): Promise<Verdict> => ((await useCode(context, person, code)) ? 'in' : 'wrong-code'),
  );
  return verdict === 'in';
}

/**
 * What somebody shows that is no secret to be guessed: a passkey, or what the identity provider says.
 * @param faultOf of what is wrong with it, which counts as a failed try; anything else that is thrown does not
 * @returns what `show` gives, or the fault
 * @throws PatchError `RATE_LIMIT_EXCEEDED`
 */
export async function proveBy<T, F extends Error>(
  context: PeopleContext,
  candidate: Candidate,
  faultOf: new (...args: never[]) => F,
  show: () => Promise<T>,
): Promise<T | F> {
  const outcome: { shown?: T | F } = {};
  await attempt(context, candidate, async () => {
    try {
      outcome.shown = await show();
      return 'in';
    } catch (error) {
      if (!(error instanceof faultOf)) throw error;
      outcome.shown = error;
      return 'wrong';
    }
  });
  return outcome.shown as T | F;
}
