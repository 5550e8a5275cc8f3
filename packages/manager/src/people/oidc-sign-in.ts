import { PatchError } from '@linux-patch/contract';
import type { OidcClaims } from '../oidc/claims.ts';
import { OidcFault } from '../oidc/faults.ts';
import type { Flow, FlowPurpose, Flows } from '../oidc/flows.ts';
import type { Provider } from '../oidc/provider.ts';
import type { PeopleContext } from './context.ts';
import { findSession } from './find-session.ts';
import type { KnownPerson } from './known-person.ts';
import { admitOidcPerson, findOidcPerson } from './oidc-person.ts';
import { proveBy } from './prove.ts';
import { beginSession } from './sessions.ts';
import type { Door, SignedIn } from './sign-in.ts';
import type { Candidate } from './throttle.ts';

/** With which provider people sign in, and what was begun. */
export interface OidcDoor {
  readonly provider: Provider;
  readonly flows: Flows;
}

/** What came back with a browser. */
export interface OidcReturned {
  /** The query, without the `?`. */
  readonly answer: string;
  /** What the browser holds of what it began. */
  readonly sealed: string | undefined;
}

/** An answer to what this browser began; without a flow it is none. */
interface Answered {
  readonly said: URLSearchParams;
  readonly purpose: FlowPurpose;
  readonly flow: Flow | undefined;
}

function answeredTo({ flows }: OidcDoor, { answer, sealed }: OidcReturned, purpose: FlowPurpose): Answered {
  const said = new URLSearchParams(answer);
  return { said, purpose, flow: flows.take(sealed, said.get('state') ?? '', purpose) };
}

function notBegun(): OidcFault {
  return new OidcFault(
    'This was not begun in this browser, or another one was begun after it, or it was used, or took longer than ten minutes, or the manager was restarted. Begin again.',
    { why: 'it was not begun in this browser, or is over' },
  );
}

/**
 * Whom the provider names to this browser, for this purpose.
 * @throws OidcFault, ProviderTrouble
 */
async function claimsOf({ provider }: OidcDoor, { said, flow, purpose }: Answered): Promise<OidcClaims> {
  if (!flow) throw notBegun();
  return provider.redeem(said, flow, purpose !== 'sign-in');
}

/**
 * Signs in whom the identity provider names. Nobody guesses what it signs, so failures count for the address alone.
 * @throws PatchError `UNAUTHORIZED` that says what is wrong, `RATE_LIMIT_EXCEEDED`, `IDENTITY_PROVIDER_ERROR`
 */
export async function signInWithOidc(
  people: PeopleContext,
  door: OidcDoor,
  { returned, at }: { readonly returned: OidcReturned; readonly at: Door },
): Promise<SignedIn> {
  const { address, client, cookie } = at;
  const earlier = cookie === undefined ? undefined : await findSession(people, cookie);
  const answered = answeredTo(door, returned, 'sign-in');
  // A link of somebody else brings an answer, too; what it spends is not what this browser has.
  const device = answered.flow && earlier?.session.id;
  let named: KnownPerson | undefined;
  const admitted = await proveBy(people, { name: undefined, address, device }, OidcFault, async () => {
    const claims = await claimsOf(door, answered);
    named = await findOidcPerson(people, claims);
    return { claims, person: await admitOidcPerson(people, door.provider.settings, claims) };
  });
  if (admitted instanceof OidcFault) {
    const { why, subject, message } = admitted;
    const whose = { ...(named ? { person: named.name } : {}), ...(subject === undefined ? {} : { subject }) };
    const fields = { address, wrong: 'oidc', why, ...whose };
    const entry = { actor: 'unknown', event: 'sign_in_refused', fields, stranger: address } as const;
    await people.audit.record(people.db, entry);
    throw new PatchError('UNAUTHORIZED', message, { cause: admitted });
  }
  const { claims, person } = admitted;
  const before = earlier && earlier.person.id === person.id ? earlier.session.id : undefined;
  // Who is signed in at the provider is not asked there again: how long ago they showed who they are is what counts here, too.
  const shownAtMs = claims.authenticatedAtMs ?? 0;
  const place = { address, client, before, how: { by: 'oidc' }, shownAtMs } as const;
  return { person, ...(await beginSession(people, person, place)) };
}

/**
 * Whether the provider asked somebody signed in again, since this was begun, and it is still them.
 * @returns what is wrong; undefined when it is them
 * @throws PatchError `RATE_LIMIT_EXCEEDED`, `IDENTITY_PROVIDER_ERROR`
 */
export async function tryOidc(
  people: PeopleContext,
  door: OidcDoor,
  {
    person,
    sessionId,
    candidate,
  }: { readonly person: KnownPerson; readonly sessionId: string; readonly candidate: Candidate },
  returned: OidcReturned,
): Promise<string | undefined> {
  const { name } = door.provider.settings;
  const answered = answeredTo(door, returned, `step-up ${sessionId}`);
  // Also a link of somebody else brings one here, so that it is none is no failure of who is signed in.
  if (!answered.flow) return notBegun().message;
  const proven = await proveBy(people, { ...candidate, name: undefined }, OidcFault, async () => {
    const { issuer, subject } = await claimsOf(door, answered);
    if (issuer === person.oidc_issuer && subject === person.oidc_subject) return 'they';
    const message = `You showed ${name} that you are somebody else (${subject}) than who is signed in here.`;
    throw new OidcFault(message, { why: 'it is somebody else', subject });
  });
  if (!(proven instanceof OidcFault)) return undefined;
  people.logger.warn('Somebody signed in did not show with the identity provider that it is them', {
    person: person.name,
    why: proven.why,
  });
  return proven.message;
}
