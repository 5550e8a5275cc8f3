import type { FleetFigures } from '@linux-patch/contract';
import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { count } from '../words/count.ts';
import { When } from '../words/when.tsx';

/** How many hosts a list is about, and of how many nobody knows. */
export function FleetSum({ figures }: { readonly figures: FleetFigures }) {
  const { hosts, current, behind, unknown, oldest_listed_at: oldest } = figures;
  return (
    <Text>
      Of <Link to="/hosts">{count(hosts, 'host')}</Link>:{' '}
      <Link to="/hosts" search={{ q: 'state:behind' }}>
        ▲ {behind.toLocaleString('en')} behind
      </Link>
      ,{' '}
      <Link to="/hosts" search={{ q: 'state:current' }}>
        ✓ {current.toLocaleString('en')} current
      </Link>
      ,{' '}
      <Link to="/hosts" search={{ q: 'state:unknown' }}>
        ? {unknown.toLocaleString('en')} unknown
      </Link>
      {oldest === null
        ? '. No host has said yet what waits on it.'
        : '. The oldest answer of a host in these figures is from '}
      {oldest === null ? null : (
        <>
          <When at={oldest} />.
        </>
      )}
    </Text>
  );
}
