import type { Plan } from '@linux-patch/contract';
import { Alert, Stack, Text } from '@mantine/core';
import { Empty } from '../states/empty.tsx';
import { useNow } from '../words/use-now.ts';
import { When } from '../words/when.tsx';
import { LeftOutTable } from './left-out-table.tsx';
import { rebootOf, sumOf, warningsOf } from './plan-sentences.ts';
import { DeniedByPolicy } from './policy-denial.tsx';
import { mendingOf } from './step-security.ts';
import { StepsTable } from './steps-table.tsx';

/** What a change would do to a host, before it is done. */
export function PlanView({ plan }: { readonly plan: Plan }) {
  const warnings = warningsOf(plan, useNow());
  return (
    <Stack>
      {plan.policy ? <DeniedByPolicy denial={plan.policy} /> : null}
      {warnings.length > 0 ? (
        <Alert color="yellow" title="⚠ Know this before">
          <ul>
            {warnings.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </Alert>
      ) : null}
      <Text fw={600} role="status">
        {sumOf(plan)} {rebootOf(plan)} {mendingOf(plan.steps)}
      </Text>
      {plan.new_packages.length > 0 ? <Text>New: {plan.new_packages.join(', ')}.</Text> : null}
      {plan.steps.length === 0 ? (
        <Empty title="Nothing would be changed." />
      ) : (
        <StepsTable steps={plan.steps} />
      )}
      {plan.left_out.length > 0 ? <LeftOutTable left={plan.left_out} /> : null}
      <Text size="sm">
        The host made this plan <When at={plan.planned_at} />. It is checked once more right before the
        change: if it would be another, nothing is changed. Plan {plan.plan_hash.slice(0, 12)}…
      </Text>
    </Stack>
  );
}
