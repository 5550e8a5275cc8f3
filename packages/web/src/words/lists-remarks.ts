import type { ListSource, PackageLists } from '@linux-patch/contract';
import { ageOf } from './age.ts';

function nameOf({ label, suite, codename, uri }: ListSource): string {
  return [label, suite ?? codename].filter(Boolean).join(':') || uri;
}

function failureOf(one: ListSource, now: number): string {
  const { fetched_at: fetched } = one;
  const age = fetched ? ageOf(fetched, now) : undefined;
  const lists =
    age === undefined
      ? 'lists of unknown age'
      : age === 'now'
        ? 'lists from just now'
        : `lists from ${age} ago`;
  return `${nameOf(one)}: ${one.present ? lists : 'no lists'}, the last attempt failed.`;
}

/** What somebody who reads a listing or a plan has to know of the package lists it stands on. */
export function listsRemarks(lists: PackageLists | undefined, now: number): string[] {
  if (!lists) return ['How old the package lists of the host are, its agent does not say.'];
  const absent = lists.sources.filter((one) => !one.present);
  // A failure of all of them is told once, by the message.
  const failed = lists.status === 'failed' ? [] : lists.sources.filter((one) => one.error !== undefined);
  return [
    ...(absent.length > 0
      ? [`No lists of ${absent.map(({ uri }) => uri).join(', ')}: nothing is known of the updates there.`]
      : []),
    ...failed.map((one) => failureOf(one, now)),
    ...(lists.status === 'fresh' ? [] : [`The package lists of the host are ${lists.status}.`]),
    ...(lists.message === 'ok' ? [] : [`${lists.message}.`]),
  ];
}
