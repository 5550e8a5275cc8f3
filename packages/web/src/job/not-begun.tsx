import { agentCode, denialIn } from '../api/agent-failure.ts';
import type { CallFailure } from '../api/call-failure.ts';
import { DeniedByPolicy } from '../plan/policy-denial.tsx';
import { Refused } from '../states/refused.tsx';
import { adviceFor } from './advice.ts';

/** Why a host did not begin what was asked of it: the rule of its policy, or what else is in the way. */
export function NotBegun({ fqdn, failure }: { readonly fqdn: string; readonly failure: CallFailure }) {
  const denial = denialIn(failure);
  if (denial) return <DeniedByPolicy denial={denial} />;
  return (
    <Refused
      title={`Not begun on ${fqdn}, as far as is known`}
      failure={failure}
      advice={adviceFor(agentCode(failure))}
    />
  );
}
