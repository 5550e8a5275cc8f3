import { Link } from '@tanstack/react-router';

/** The way to another job of a host. */
export function JobLink({ host, job }: { readonly host: string; readonly job: string }) {
  return (
    <Link to="/hosts/$name/jobs/$job" params={{ name: host, job }}>
      {job}
    </Link>
  );
}
