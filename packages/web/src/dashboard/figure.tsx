import { Link } from '@tanstack/react-router';

/** A number that leads to the hosts it counts. */
export function Figure({
  number,
  name,
  mark,
  search,
}: {
  readonly number: number;
  readonly name: string;
  /** A sign beside the name, so that nothing hangs on a colour. */
  readonly mark: string;
  readonly search: string | undefined;
}) {
  return (
    <li>
      <Link className="figure" to="/hosts" search={search === undefined ? {} : { q: search }}>
        <strong>{number.toLocaleString('en')}</strong>
        <span aria-hidden="true">{mark} </span>
        {name}
      </Link>
    </li>
  );
}
