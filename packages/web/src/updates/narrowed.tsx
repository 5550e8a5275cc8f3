import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { AGES } from './ages.ts';
import type { UpdatesSearch } from './updates-search.ts';

/** That a list has only a part of what waits, and the way to the whole. */
export function Narrowed({ search: { age, security, package: name } }: { readonly search: UpdatesSearch }) {
  const only = [
    ...(security === 'no' ? ['no security updates, or not said to be'] : []),
    ...(age === undefined ? [] : [`waiting for ${AGES[age]}`]),
  ];
  if (only.length === 0) return null;
  return (
    <Text>
      Only what is: {only.join('; ')}.{' '}
      <Link to="/updates" search={name === undefined ? {} : { package: name }}>
        Whatever waits
      </Link>
    </Text>
  );
}
