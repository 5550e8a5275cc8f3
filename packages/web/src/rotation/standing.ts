import type { RotationPhase, RotationStep } from '@linux-patch/contract';
import type { Answered } from '../api/call.ts';
import { CallFailure } from '../api/call-failure.ts';
import { type RotationWish, someOf } from '../words/confirm-rotation.ts';
import { count } from '../words/count.ts';
import type { Cas } from './steps.ts';

/** The CAs and the replacement of the root, as the manager tells of them. */
export type Authority = Answered<'authority'>;

const PHASES: Readonly<Record<RotationPhase, string>> = {
  standby: 'no rotation is under way',
  trust: '1 of 3: hosts learn to trust the new CA, which issues nothing yet',
  manager: "2 of 3: the manager's own certificates are from the new CA",
  hosts: '3 of 3: hosts get certificates of the new CA',
  rollback: 'rolling back: everything is issued by the old CA again',
};

/** The step that leads on from each phase. */
const FORWARD: Readonly<Record<RotationPhase, RotationStep>> = {
  standby: 'start',
  trust: 'continue',
  manager: 'continue',
  hosts: 'finish',
  rollback: 'finish',
};

/** The step that leads on, as nobody has chosen anything about it yet. */
export function wishOf({ phase }: Pick<Authority, 'phase'>): RotationWish {
  return { phase, step: FORWARD[phase], leave_behind: [], compromised: false };
}

/** What there is beside going on; undefined where there is nothing to go back from. */
export function backFrom({ phase }: Pick<Authority, 'phase'>): RotationWish | undefined {
  if (phase === 'standby' || phase === 'rollback') return undefined;
  return { phase, step: 'rollback', leave_behind: [], compromised: false };
}

/** The CA that is replaced and the one that takes its place. */
export function casOf({ authorities }: Pick<Authority, 'authorities'>): Cas {
  const idOf = (role: string): string | undefined => authorities.find((one) => one.role === role)?.id;
  return { oldCa: idOf('current') ?? 'the CA', newCa: idOf('next') ?? 'the new CA' };
}

/** Hosts that a step would leave behind, by name; a first step waits for nobody. */
export function waitedFor({ phase, laggards }: Pick<Authority, 'phase' | 'laggards'>): string[] {
  return phase === 'standby' ? [] : laggards.map(({ host }) => host);
}

/**
 * Why going on is not possible yet; undefined when it is.
 * @param leave hosts that need not have followed
 */
export function whyNotYet(
  authority: Pick<Authority, 'phase' | 'laggards' | 'hosts'>,
  leave: readonly string[],
): string | undefined {
  const named = new Set(leave);
  const missing = waitedFor(authority).filter((host) => !named.has(host));
  if (missing.length === 0) return undefined;
  return `${missing.length.toLocaleString('en')} of ${count(authority.hosts, 'host')} ${missing.length === 1 ? 'has' : 'have'} not followed yet. They are told again every minute.`;
}

function hostsIn(details: Readonly<Record<string, unknown>>): string[] {
  const { hosts } = details;
  if (!Array.isArray(hosts)) return [];
  return hosts.flatMap((one: { readonly host?: unknown } | null) =>
    typeof one?.host === 'string' ? [one.host] : [],
  );
}

/** What the manager refused, for somebody who has this page and no command line before them. */
export function inWordsOfThePage(error: unknown): unknown {
  if (!(error instanceof CallFailure) || error.code !== 'ROTATION_CONFLICT') return error;
  const { code, details } = error;
  const hosts = hostsIn(details);
  if (hosts.length > 0)
    return new CallFailure({
      code,
      details,
      message: `Nothing was changed: ${someOf(hosts)} ${hosts.length === 1 ? 'has' : 'have'} not followed. Why stands in the list of this screen.`,
    });
  const phase = PHASES[details['phase'] as RotationPhase];
  if (phase === undefined) return error;
  return new CallFailure({
    code,
    details,
    message: `Nothing was changed by this: meanwhile the rotation stands elsewhere (${phase}). Look at the screen again, and take the step that is next now.`,
  });
}
