import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';

/** What people or a join token put hosts to, each with a link to the hosts that they put there as well. */
export function PutTogether({
  by,
  names,
}: {
  readonly by: 'group' | 'label';
  readonly names: readonly string[];
}) {
  if (names.length === 0) return 'none';
  return names.map((name, index) => (
    <Fragment key={name}>
      {index === 0 ? '' : ', '}
      <Link to="/hosts" search={{ q: `${by}:${name}` }}>
        {name}
      </Link>
    </Fragment>
  ));
}
