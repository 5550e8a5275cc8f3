import { NO_ROLE, PatchError, PersonName, type RoleForAll } from '@linux-patch/contract';
import { shellWord } from '@linux-patch/runtime';
import type { OidcSettings } from '../config/oidc.ts';
import { type OidcClaims, roleOf } from '../oidc/claims.ts';
import { OidcFault } from '../oidc/faults.ts';
import type { PeopleContext } from './context.ts';
import { type KnownPerson, selectPeople } from './known-person.ts';
import { changePerson, createPerson } from './store.ts';

/** As records name the provider where its word about groups makes or changes a person. */
const ACTOR = { name: 'identity-provider' };

/** Who signs in as whom the provider names; undefined when nobody does. */
export async function findOidcPerson(
  { db }: Pick<PeopleContext, 'db'>,
  { issuer, subject }: Pick<OidcClaims, 'issuer' | 'subject'>,
): Promise<KnownPerson | undefined> {
  return selectPeople(db)
    .where('people.oidc_issuer', '=', issuer)
    .where('people.oidc_subject', '=', subject)
    .executeTakeFirst();
}

/** The option that names whom the provider names, in a command that an administrator copies: what a provider says is data. */
function subjectOption({ subject }: Pick<OidcClaims, 'subject'>): string {
  return `--oidc-subject ${shellWord(subject)}`;
}

function unknown({ name }: OidcSettings, claims: OidcClaims): OidcFault {
  const { subject } = claims;
  return new OidcFault(
    `${name} knows you, and this manager does not: nobody made you a person here. Give an administrator your subject there, ${subject}; with it they let you in: linux-patch-manager people create NAME --role ROLE ${subjectOption(claims)}`,
    { why: 'this manager knows nobody of this subject', subject },
  );
}

function withoutGroup({ name, groups_claim }: OidcSettings, { subject, groups }: OidcClaims): OidcFault {
  const why = groups
    ? 'none of their groups has a role (oidc.admin_groups and others)'
    : `the claim ${groups_claim} is missing or no list of names, so it is not known which groups they are in`;
  return new OidcFault(
    `${name} does not say that you are in a group that may sign in to this manager (${why}). Ask whoever gives out groups there.`,
    { why, subject },
  );
}

/** Makes somebody whom a group lets in, by the name that they have at the provider. @throws OidcFault */
async function makePerson(
  people: PeopleContext,
  { name: provider, name_claim }: OidcSettings,
  claims: OidcClaims,
  role: RoleForAll,
): Promise<void> {
  const { issuer, subject, name: said } = claims;
  const { data: name } = PersonName.safeParse(said?.toLowerCase());
  if (name === undefined) {
    const why = `the claim ${name_claim} is missing or no name that somebody can have here`;
    throw new OidcFault(
      `${provider} does not say how you are called in a way that can be used here (${why}). An administrator makes you under another name: linux-patch-manager people create NAME --role ROLE ${subjectOption(claims)}`,
      { why, subject },
    );
  }
  const identity = { oidc_issuer: issuer, oidc_subject: subject };
  try {
    await createPerson(people, { name, role, identity }, ACTOR);
  } catch (error) {
    if (!(error instanceof PatchError) || error.code !== 'PERSON_CONFLICT') throw error;
    throw new OidcFault(
      `You may sign in, and are not made a person here: ${error.message} If it is you, an administrator says so: linux-patch-manager people set ${name} ${subjectOption(claims)}`,
      { why: `there is or was somebody called ${name}, or no room`, subject },
    );
  }
}

/**
 * Whoever signs in as whom the provider names. Where groups have roles, they decide anew at each sign-in: who is in one is
 * made a person, and who is in none any more loses what they have.
 * @throws OidcFault when nobody does, or they may not
 */
export async function admitOidcPerson(
  people: PeopleContext,
  settings: OidcSettings,
  claims: OidcClaims,
): Promise<KnownPerson> {
  const role = roleOf(settings, claims);
  const known = await findOidcPerson(people, claims);
  if (known && known.disabled_at !== null)
    throw new OidcFault('You may not sign in any more: an administrator has shut you out.', {
      why: 'they are disabled',
      subject: claims.subject,
    });
  // What is not known takes nothing from anybody, and lets nobody in.
  if (role !== undefined && !claims.groups) throw withoutGroup(settings, claims);
  if (known && role !== undefined && role !== known.role)
    await changePerson(people, known.name, { role, actor: ACTOR.name });
  if (role === NO_ROLE) throw withoutGroup(settings, claims);
  if (!known && role === undefined) throw unknown(settings, claims);
  if (!known && role !== undefined) await makePerson(people, settings, claims, role);
  const person = await findOidcPerson(people, claims);
  if (!person) throw unknown(settings, claims);
  return person;
}
