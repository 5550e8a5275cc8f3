import { ageOf, LONG_MS } from './age.ts';
import { useNow } from './use-now.ts';

/** How long something is still good, or since when it is not; the time in the viewer's zone and in UTC is its title. */
export function Ends({ at }: { readonly at: string }) {
  const now = useNow();
  const date = new Date(at);
  const isOver = date.getTime() <= now;
  const [from, to] = isOver ? [date.getTime(), now] : [now, date.getTime()];
  const time = ageOf(from, to);
  const day = to - from < LONG_MS ? '' : `${date.toLocaleDateString(undefined, { dateStyle: 'medium' })}, `;
  return (
    <time dateTime={date.toISOString()} title={`${date.toLocaleString()} · ${date.toISOString()}`}>
      {time === 'now' ? 'now' : `${day}${isOver ? `${time} ago` : `in ${time}`}`}
    </time>
  );
}
