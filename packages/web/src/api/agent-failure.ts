import type { PolicyDenial } from '@linux-patch/contract';
import type { CallFailure } from './call-failure.ts';

interface AgentError {
  readonly code?: unknown;
  readonly details?: { readonly policy?: PolicyDenial };
}

function errorOf({ code, details }: CallFailure): AgentError {
  if (code === 'AGENT_ERROR') return (details.agent ?? {}) as AgentError;
  return { code, details: details as AgentError['details'] & object };
}

/** The code of a failure as the host's agent said it, where it did. */
export function agentCode(failure: CallFailure): string {
  const { code } = errorOf(failure);
  return typeof code === 'string' ? code : failure.code;
}

/** The rule of the host that a change was denied by; undefined where it was not. */
export function denialIn(failure: CallFailure): PolicyDenial | undefined {
  return agentCode(failure) === 'POLICY_DENIED' ? errorOf(failure).details?.policy : undefined;
}
