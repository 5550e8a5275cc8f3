import { lazily, NO_ROLE, OidcSubject, type RoleForAll } from '@linux-patch/contract';
import { z } from 'zod';
import type { OidcSettings } from '../config/oidc.ts';
import { OidcFault } from './faults.ts';

/** What a provider says of somebody, in a token that was found good. */
export interface OidcClaims {
  readonly issuer: string;
  readonly subject: string;
  /**
   * When they showed the provider who they are, epoch milliseconds; undefined when it does not say, or names a time that is
   * yet to come: what is no time in seconds proves nothing.
   */
  readonly authenticatedAtMs: number | undefined;
  /** As they are called there; undefined when it does not say. */
  readonly name: string | undefined;
  /** Undefined when it does not say. */
  readonly groups: readonly string[] | undefined;
}

const Told = lazily(() =>
  z.object({
    sub: OidcSubject,
    iss: z.string(),
    exp: z.number(),
    iat: z.number(),
    auth_time: z.number().nonnegative().optional(),
  }),
);
const Name = lazily(() => z.string().min(1).max(256));
const Groups = lazily(() => z.array(z.string().max(1_024)).max(5_000));

/** Clocks of two machines differ. */
export const CLOCK_TOLERANCE_MS = 60_000;

function isPast(seconds: number | undefined, nowMs: number): seconds is number {
  return seconds !== undefined && seconds * 1_000 <= nowMs + CLOCK_TOLERANCE_MS;
}

/**
 * Reads the claims of a token whose signature, issuer, audience and nonce were found good.
 * @throws OidcFault
 */
export function readClaims(claims: unknown, settings: OidcSettings, nowMs: number): OidcClaims {
  const { name: provider, name_claim, groups_claim } = settings;
  const { data, error } = Told.safeParse(claims);
  if (!data) {
    const [issue] = error.issues;
    const why = `the claim ${issue?.path.join('.') ?? '?'} ${issue?.message ?? 'is missing'}`;
    throw new OidcFault(`What ${provider} says of you cannot be used: ${why}.`, { why });
  }
  const { sub: subject, iss: issuer, exp, iat, auth_time: shownAt } = data;
  if (exp * 1_000 <= nowMs - CLOCK_TOLERANCE_MS || iat * 1_000 > nowMs + CLOCK_TOLERANCE_MS) {
    const why = 'its token is over or not valid yet; is a clock wrong?';
    throw new OidcFault(`What ${provider} says of you does not count now: ${why}`, { why });
  }
  const all = claims as Readonly<Record<string, unknown>>;
  return {
    issuer,
    subject,
    authenticatedAtMs: isPast(shownAt, nowMs) ? shownAt * 1_000 : undefined,
    name: Name.safeParse(all[name_claim]).data,
    groups: Groups.safeParse(all[groups_claim]).data,
  };
}

const ROLES_BY_MOST = ['admin', 'operator', 'viewer'] as const;

/** The role that somebody's groups have, `none` where they have none; undefined where groups decide nothing. */
export function roleOf(
  settings: OidcSettings,
  { groups = [] }: Pick<OidcClaims, 'groups'>,
): RoleForAll | undefined {
  if (!ROLES_BY_MOST.some((role) => settings[`${role}_groups`].length > 0)) return undefined;
  const most = ROLES_BY_MOST.find((role) =>
    settings[`${role}_groups`].some((group) => groups.includes(group)),
  );
  return most ?? NO_ROLE;
}
