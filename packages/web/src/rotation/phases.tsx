import { Text } from '@mantine/core';
import type { Authority } from './standing.ts';

const ORDER = ['trust', 'manager', 'hosts'] as const;

/** Where a replacement of the root CA stands among its phases. */
export function Phases({
  phase,
  cas: { oldCa, newCa },
}: {
  readonly phase: Authority['phase'];
  readonly cas: { readonly oldCa: string; readonly newCa: string };
}) {
  if (phase === 'standby') return <Text>No rotation is under way.</Text>;
  if (phase === 'rollback')
    return (
      <Text>
        It is rolled back: everything is issued by {oldCa} again. When every host has followed, {newCa} is
        removed.
      </Text>
    );
  const words = {
    trust: `Hosts learn to trust ${newCa}, which issues nothing yet`,
    manager: `The manager's own certificates are from ${newCa}`,
    hosts: `Hosts get certificates of ${newCa}`,
  };
  const at = ORDER.indexOf(phase);
  return (
    <ol aria-label="Phases">
      {ORDER.map((one, place) => (
        <li key={one} aria-current={one === phase ? 'step' : undefined}>
          {place < at ? '✓ done: ' : place === at ? '▶ now: ' : 'to come: '}
          {words[one]}
        </li>
      ))}
      <li>to come: {oldCa} is removed, and its keys are destroyed</li>
    </ol>
  );
}
