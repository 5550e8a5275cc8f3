import { isPatchError, messageOf, PatchError } from '@linux-patch/contract';
import type { AgentAddress } from './connect.ts';

/** What went wrong on the way, and what it usually means. */
export function reasonOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there; is the agent running? (systemctl status linux-patch-api on the host)';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return `there is no way to it (${code}); check the network and the firewall`;
    case 'ECONNRESET':
      return 'it closed the connection; the agent does not accept this manager (address filter, certificate or CA)';
    case undefined:
      return messageOf(cause);
    default:
      return `${messageOf(cause)} (${code})`;
  }
}

/** There was no sensible answer. */
export function unreachable(agent: AgentAddress, why: string, cause?: unknown): PatchError {
  return new PatchError(
    'AGENT_UNREACHABLE',
    `${agent.fqdn} cannot be reached at ${agent.ipAddress}:${agent.port}: ${why}.`,
    {
      cause,
      details: { fqdn: agent.fqdn, ip_address: agent.ipAddress, port: agent.port },
    },
  );
}

/** A change was sent, and what became of it is not known. */
export function answerLost(
  agent: AgentAddress,
  { why, cause, timedOut }: { readonly why: string; readonly cause: unknown; readonly timedOut: boolean },
): PatchError {
  const { message, details } = unreachable(agent, why);
  const unknown = 'Whether it began what it was asked for is not known; its jobs show it when it answers.';
  return new PatchError('AGENT_UNREACHABLE', `${message} ${unknown}`, {
    cause,
    details: { ...details, answer_lost: true, timed_out: timedOut },
  });
}

/** Whether the agent may have begun a change all the same. */
export function isOpen(error: PatchError): boolean {
  return error.details['answer_lost'] === true;
}

/** Whether a repetition may bring the answer now. */
export function isAnswerLost(error: unknown): boolean {
  if (!isPatchError(error, 'AGENT_UNREACHABLE')) return false;
  const { answer_lost: lost, timed_out: timedOut } = error.details;
  return lost === true && timedOut === false;
}
