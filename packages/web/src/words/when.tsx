import { ageOf } from './age.ts';
import { useNow } from './use-now.ts';

/** An age; the time in the viewer's zone and in UTC is its title. */
export function When({
  at,
  never = 'never',
}: {
  readonly at: string | number | null;
  readonly never?: string;
}) {
  const now = useNow();
  if (at === null) return never;
  const date = new Date(at);
  const age = ageOf(at, now);
  return (
    <time dateTime={date.toISOString()} title={`${date.toLocaleString()} · ${date.toISOString()}`}>
      {age === 'now' ? 'just now' : `${age} ago`}
    </time>
  );
}
