import { useEffect, useState } from 'react';
import { ageOf } from './age.ts';

/** This moment, every ten seconds. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

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
      {age === 'now' ? 'now' : `${age} ago`}
    </time>
  );
}
