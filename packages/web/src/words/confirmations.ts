import type { ApplyRequest, Certificate, JoinToken, Person, Plan } from '@linux-patch/contract';
import { rebootOf, sumOf } from '../plan/plan-sentences.ts';
import { lostFixes } from '../plan/step-security.ts';
import { count } from './count.ts';

/** What is asked before something that takes from somebody, gives somebody more, or cannot be taken back. Each text says whom or what it is done to. */
export interface Confirmation {
  /** A question. */
  readonly title: string;
  /** What happens then, a paragraph each. */
  readonly happens: readonly string[];
  /** How it is taken back; null when it cannot be. */
  readonly undo: string | null;
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
    undo: 'It is a job, whose page offers to roll it back, for as long as the earlier versions can still be had.',
    yes: `Yes, change ${fqdn}`,
  };
}

/** Before packages of a host go back to what they were before a job. */
export function confirmRollback(fqdn: string, plan: Plan): Confirmation {
  const removed = plan.removed_packages;
  return {
    title: `Roll this job back on ${fqdn}?`,
    happens: [
      [sumOf(plan), rebootOf(plan)].join(' '),
      ...lostFixes(plan.steps),
      'Older versions have the faults that newer ones mended, and the next patch brings those in again.',
      ...(removed.length > 0 ? [`It removes ${removed.join(', ')}.`] : []),
    ],
    undo: 'It is a job, too: what it does can be rolled back in the same way.',
    yes: `Yes, roll it back on ${fqdn}`,
  };
}

/** Before a service of a host is restarted. */
export function confirmRestart(fqdn: string, service: string): Confirmation {
  return {
    title: `Restart ${service} on ${fqdn}?`,
    happens: [
      `${service} is stopped and started anew; what it serves is interrupted meanwhile. When it does not run a moment later, the job fails and says its last words.`,
    ],
    undo: 'There is nothing to take back: it runs the code that is installed now.',
    yes: `Yes, restart ${service}`,
  };
}

/** Before a host is rebooted. */
export function confirmReboot(fqdn: string, minutes: number): Confirmation {
  const when = minutes === 0 ? 'at once' : `in ${minutes} min`;
  return {
    title: `Reboot ${fqdn}?`,
    happens: [
      `${fqdn} reboots ${when}, and what runs on it is ended. The policy of the host may forbid that; then nothing is done.`,
    ],
    undo: minutes === 0 ? null : 'It can be cancelled until then, here or on the host ("shutdown -c").',
    yes: `Yes, reboot ${fqdn}`,
  };
}

/** Before a reboot that is still to come is taken back. */
export function confirmCancelReboot(fqdn: string): Confirmation {
  return {
    title: `Cancel a reboot of ${fqdn}?`,
    happens: ['A reboot that is still to come does not happen, whoever asked for it.'],
    undo: 'It can be asked for again.',
    yes: `Yes, cancel it on ${fqdn}`,
  };
}

/** Before a job of a host is ended. */
export function confirmCancel(host: string): Confirmation {
  return {
    title: `Cancel this job on ${host}?`,
    happens: [
      'What it has done stays done. A change that the package manager has begun is ended in a state that the next change repairs.',
    ],
    undo: 'What it has left can be asked for again, as another job.',
    yes: `Yes, cancel it on ${host}`,
  };
}

/** Before a host that asks to join is let in without anything that it showed, or in the place of another one. */
export function confirmLetIn(
  fqdn: string,
  { hasCode, takesOver }: { readonly hasCode: boolean; readonly takesOver: boolean },
): Confirmation {
  return {
    title: `Let ${fqdn} in?`,
    happens: [
      ...(hasCode
        ? []
        : [
            `No code was compared: whoever sent this request is ${fqdn} from then on. Let it in only when you know by other means that it is.`,
          ]),
      ...(takesOver
        ? [
            'It takes the place of the host on record, with its history, groups and labels. When its certificate is installed, that of the host on record is no longer valid.',
          ]
        : []),
    ],
    undo: takesOver ? null : `The certificate of ${fqdn} can be revoked.`,
    yes: `Let ${fqdn} in`,
  };
}

/** Before a host that asks to join is refused. */
export function confirmDeny(fqdn: string): Confirmation {
  return {
    title: `Deny ${fqdn}?`,
    happens: [`${fqdn} gets no certificate, and is told that it was denied.`],
    undo: `When its agent is started again, ${fqdn} asks once more and can be let in then.`,
    yes: `Deny ${fqdn}`,
  };
}

/** Before a join token is taken back. */
export function confirmRevokeToken({ id, used }: Pick<JoinToken, 'id' | 'used'>): Confirmation {
  return {
    title: `Revoke the join token ${id}?`,
    happens: [`It lets nobody in any more. It has let in ${count(used, 'host')}, which stay.`],
    undo: null,
    yes: `Revoke ${id}`,
  };
}

/** Before an API token is taken back. */
export function confirmRevokeProgram(name: string): Confirmation {
  return {
    title: `Revoke the token of ${name}?`,
    happens: ['What calls with it is refused from now on.'],
    undo: null,
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
        ? `${whom} is believed by nobody with it, and cannot renew it. It has to ask to join again.`
        : 'It is one of this manager, which makes another one by itself.',
    ],
    undo: null,
    yes: `Revoke the certificate of ${whom}`,
  };
}

/**
 * Before somebody gets another role.
 * @param meaning what the role lets them do
 */
export function confirmRole(
  { name, role }: Pick<Person, 'name' | 'role'>,
  wanted: string,
  meaning: string,
): Confirmation {
  return {
    title: `Give ${name} the role ${wanted}?`,
    happens: [
      `${name} is ${role} now. What ${wanted} means: ${meaning}`,
      `It counts at once: ${name} is signed out everywhere and signs in again.`,
    ],
    undo: `The role ${role} can be given back; what ${name} did meanwhile stays done.`,
    yes: `Give ${name} the role ${wanted}`,
  };
}

/** Before somebody gets a new password. */
export function confirmReset({
  name,
  authenticator,
  passkeys,
  oidc,
}: Pick<Person, 'name' | 'authenticator' | 'passkeys' | 'oidc'>): Confirmation {
  const lost = [...(authenticator ? ['authenticator'] : []), ...(passkeys > 0 ? ['passkeys'] : [])];
  return {
    title: `Give ${name} this password?`,
    happens: [
      oidc
        ? `${name} signs in by this password alone from now on, no more with the identity provider (as ${oidc.subject}), and is signed out everywhere.`
        : `The old password no longer works, and ${name} is signed out everywhere.`,
      ...(lost.length > 0
        ? [
            `The ${lost.join(' and the ')} of ${name} and the recovery codes no longer work either: this password alone signs in.`,
          ]
        : []),
    ],
    undo: null,
    yes: `Give ${name} this password`,
  };
}

/** Before somebody signs in with the identity provider instead. */
export function confirmProvider(
  { name, oidc }: Pick<Person, 'name' | 'oidc'>,
  provider: string,
  subject: string,
): Confirmation {
  return {
    title: `Let ${name} sign in with ${provider}?`,
    happens: [
      `Whoever ${provider} calls ${subject} signs in as ${name} from now on, with all that ${name} may do, and is signed out everywhere first.`,
      oidc
        ? `Whoever it calls ${oidc.subject} does no more.`
        : `The password of ${name}, the authenticator and the passkeys no longer work.`,
    ],
    undo: 'A new password, below, takes it back; authenticator and passkeys have to be added again.',
    yes: `Let ${name} sign in with ${provider}`,
  };
}

/**
 * Before somebody else is signed out.
 * @param where one address, or how many sessions
 */
export function confirmEndSessions(name: string, where: string): Confirmation {
  return {
    title: `End ${where} of ${name}?`,
    happens: [
      `${name} is signed out there at once. What they typed and did not send is kept on their screen.`,
    ],
    undo: `${name} can sign in again.`,
    yes: `End ${where}`,
  };
}

/** Before somebody who was shut out may sign in again. */
export function confirmLetBackIn({ name, role, oidc }: Pick<Person, 'name' | 'role' | 'oidc'>): Confirmation {
  const way = oidc ? 'identity provider' : 'old password';
  return {
    title: `Let ${name} in again?`,
    happens: [`${name} signs in with the ${way}, as ${role}.`],
    undo: `${name} can be shut out again; what they did meanwhile stays done.`,
    yes: `Let ${name} in again`,
  };
}

/** Before somebody is kept from signing in. */
export function confirmShutOut(name: string): Confirmation {
  return {
    title: `Shut ${name} out?`,
    happens: [`${name} is signed out everywhere and cannot sign in.`],
    undo: `${name} can be let in again, and signs in as before.`,
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
    undo: null,
    yes: `Remove ${name}`,
  };
}

const ALONE = 'Your password alone signs you in again, and the recovery codes no longer work.';

/** Before one's own sign-in takes no passkey of this name any more. */
export function confirmRemovePasskey(
  name: string,
  { authenticator, passkeys }: Pick<Person, 'authenticator' | 'passkeys'>,
): Confirmation {
  const isLast = passkeys <= 1 && !authenticator;
  return {
    title: `Remove the passkey ${name}?`,
    happens: [
      `It signs you in no more. Where it is kept it stays, as something of no use: remove ${name} there, too.`,
      ...(isLast ? [ALONE] : []),
    ],
    undo: 'You can make another one.',
    yes: `Remove ${name}`,
  };
}

/** Before one's own sign-in takes no code of an authenticator any more. */
export function confirmRemoveAuthenticator({ passkeys }: Pick<Person, 'passkeys'>): Confirmation {
  return {
    title: 'Remove your authenticator?',
    happens: [passkeys > 0 ? 'No code of it signs you in any more; your passkeys do.' : ALONE],
    undo: 'You can set one up again, with another key and other recovery codes.',
    yes: 'Remove the authenticator',
  };
}
