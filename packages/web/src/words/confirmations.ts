import type { ApplyRequest, Certificate, JoinToken, Plan } from '@linux-patch/contract';
import { rebootOf, sumOf } from '../plan/plan-sentences.ts';
import { count } from './count.ts';

/** What is asked before something that cannot be taken back. Each text says whom or what it is done to. */
export interface Confirmation {
  /** A question. */
  readonly title: string;
  /** What happens then, a paragraph each. */
  readonly happens: readonly string[];
  /** On the button that does it: the verb, and to whom. */
  readonly yes: string;
}

/** Before a plan is done on its host. */
export function confirmPlan(
  fqdn: string,
  plan: Plan,
  { allow_reboot: mayReboot }: Pick<ApplyRequest, 'allow_reboot'>,
): Confirmation {
  const reboots = mayReboot === true ? [`${fqdn} may reboot by itself afterwards.`] : [];
  const removed = plan.removed_packages;
  return {
    title: `Change ${fqdn} now?`,
    happens: [
      [sumOf(plan), rebootOf(plan), ...reboots].join(' '),
      ...(removed.length > 0 ? [`It removes ${removed.join(', ')}.`] : []),
    ],
    yes: `Yes, change ${fqdn}`,
  };
}

/** Before a job of a host is ended. */
export function confirmCancel(host: string): Confirmation {
  return {
    title: `Cancel this job on ${host}?`,
    happens: [
      'What it has done stays done. A change that the package manager has begun is ended in a state that the next change repairs.',
    ],
    yes: `Yes, cancel it on ${host}`,
  };
}

/** Before a join token is taken back. */
export function confirmRevokeToken({ id, used }: Pick<JoinToken, 'id' | 'used'>): Confirmation {
  return {
    title: `Revoke the join token ${id}?`,
    happens: [`It lets nobody in any more. It has let in ${count(used, 'host')}, which stay.`],
    yes: `Revoke ${id}`,
  };
}

/** Before an API token is taken back. */
export function confirmRevokeProgram(name: string): Confirmation {
  return {
    title: `Revoke the token of ${name}?`,
    happens: ['What calls with it is refused from now on. It cannot be made valid again.'],
    yes: `Revoke ${name}`,
  };
}

/** Before a certificate is revoked. */
export function confirmRevokeCertificate(
  { serial, kind }: Pick<Certificate, 'serial' | 'kind'>,
  whom: string,
): Confirmation {
  return {
    title: `Revoke the certificate ${serial} of ${whom}?`,
    happens: [
      kind === 'agent'
        ? `For good: ${whom} is believed by nobody with it, and cannot renew it. It has to ask to join again.`
        : 'For good: it is one of this manager. It makes another one by itself.',
    ],
    yes: `Revoke the certificate of ${whom}`,
  };
}

/** Before somebody is kept from signing in. */
export function confirmShutOut(name: string): Confirmation {
  return {
    title: `Shut ${name} out?`,
    happens: [`${name} is signed out everywhere and cannot sign in until somebody lets them in again.`],
    yes: `Shut ${name} out`,
  };
}

/** Before somebody is removed. */
export function confirmRemove(name: string): Confirmation {
  return {
    title: `Remove ${name}?`,
    happens: [
      `${name} is signed out everywhere and gone for good; the name stays taken, so that records mean one person by it.`,
    ],
    yes: `Remove ${name}`,
  };
}

/** Before one's own sign-in takes no code any more. */
export function confirmRemoveAuthenticator(): Confirmation {
  return {
    title: 'Remove your authenticator?',
    happens: ['Your password alone signs you in again, and the recovery codes count no more.'],
    yes: 'Remove the authenticator',
  };
}
