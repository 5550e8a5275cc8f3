import { Text } from '@mantine/core';
import type { Authority } from './standing.ts';
import { type Cas, stepsOf } from './steps.ts';

/** Every step of a replacement of the root CA: where it stands, how long each takes, and whether it can be taken back. */
export function Phases({ phase, cas }: { readonly phase: Authority['phase']; readonly cas: Cas }) {
  const { oldCa, newCa } = cas;
  if (phase === 'rollback')
    return (
      <Text>
        It is rolled back: everything is issued by {oldCa} again. When every host has followed, {newCa} is
        removed.
      </Text>
    );
  const steps = stepsOf(cas);
  const at = steps.findIndex((one) => one.phase === phase);
  const mark = (place: number): string => {
    if (phase === 'standby') return '';
    return place < at ? '✓ done: ' : place === at ? '▶ now: ' : 'to come: ';
  };
  return (
    <>
      {phase === 'standby' ? (
        <Text>
          No rotation is under way. It would take these steps. You begin each of them here, when you like; the
          next one waits until every host has followed, or you say which are left behind.
        </Text>
      ) : null}
      <ol aria-label="Steps">
        {steps.map(({ does, takes, back }, place) => (
          <li key={does} aria-current={place === at ? 'step' : undefined}>
            {mark(place)}
            {does}.
            <Text size="sm" mb="xs">
              {takes} {back}
            </Text>
          </li>
        ))}
      </ol>
    </>
  );
}
