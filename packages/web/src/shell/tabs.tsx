import { Link } from '@tanstack/react-router';
import type { ComponentProps } from 'react';

/** Screens that belong together; where one is, is in the address. */
export function Tabs({
  label,
  of,
}: {
  readonly label: string;
  readonly of: readonly (readonly [to: NonNullable<ComponentProps<typeof Link>['to']>, name: string])[];
}) {
  return (
    <nav className="tabs" aria-label={label}>
      {of.map(([to, name]) => (
        <Link key={name} className="shell-link" to={to} activeOptions={{ exact: true }}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
