import type { Host, PolicyOperation } from '@linux-patch/contract';
import { Text } from '@mantine/core';
import { policyFact } from '../words/policy.ts';
import { deniesByPolicy } from './denies-by-policy.ts';

/** What the policy of a host has against a change. It may have been changed since it was asked, so the change can be tried. */
export function PolicyRemark({
  host,
  operation,
}: {
  readonly host: Host;
  readonly operation: PolicyOperation;
}) {
  if (!deniesByPolicy(host, operation)) return null;
  return (
    <Text>
      {host.fqdn} is going to refuse this, unless its root has changed that since it was asked last. What its
      own policy, /etc/linux_patch_api/policy.yaml, lets managers ask for: {policyFact(host.policy)}.
    </Text>
  );
}
