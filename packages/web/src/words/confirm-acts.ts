import type { FleetAct } from '@linux-patch/contract';
import type { ActKind, Chosen } from '../acts/choose-hosts.ts';
import type { Confirmation } from './confirmations.ts';
import { count } from './count.ts';
import { saidText } from './said-text.ts';

/** What an act installs. */
export function kindWords({ security_only: isSecurity }: Pick<FleetAct, 'security_only'>): string {
  return isSecurity ? 'security updates' : 'all updates';
}

/** Groups that are named; of more it is said how many. */
const NAMED_GROUPS = 8;

/** Which groups the hosts are in that are meant: who takes too many sees it by them first. */
function groupWords(groups: Chosen['groups']): string {
  const named = groups.slice(0, NAMED_GROUPS).map(([name, hosts]) => `${name} (${count(hosts, 'host')})`);
  const more = groups.length - named.length;
  return `In groups: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}

/** Notes that are read out; of more it is said how many. */
const READ_NOTES = 3;

/** What people wrote about the hosts that are meant, which may be that they are to be left alone. */
function noteWords(notes: Chosen['notes']): string {
  const read = notes
    .slice(0, READ_NOTES)
    .map(([note, hosts]) => `"${saidText(note)}" (${count(hosts, 'host')})`);
  const more = notes.length - read.length;
  return `Notes about them: ${read.join(', ')}${more > 0 ? ` and ${count(more, 'other')}` : ''}.`;
}

/**
 * Before updates are installed on many hosts.
 * @param all how many the search found
 */
export function confirmAct(
  { meant, unknown, groups, notes, leftOut }: Chosen,
  kind: ActKind,
  all: number,
): Confirmation {
  const what = kindWords({ security_only: kind === 'security' });
  const hosts = count(meant.length, 'host');
  const others = leftOut.map(([reason, number]) => `${number.toLocaleString('en')} ${reason}`).join('; ');
  return {
    title: `Install ${what} on ${hosts}?`,
    happens: [
      ...(others === ''
        ? []
        : [`Of ${count(all, 'host')} that your search finds, ${hosts} are meant. Left out: ${others}.`]),
      ...(groups.length > 0 ? [groupWords(groups)] : []),
      ...(notes.length > 0 ? [noteWords(notes)] : []),
      ...(unknown > 0
        ? [
            `Of those that are meant, ${unknown.toLocaleString('en')} are unknown: what waits on them is found out when they are asked.`,
          ]
        : []),
      'Each host plans for itself when its turn comes, and installs what waits on it then. No host reboots, and nothing is removed that nobody named.',
      'The manager asks them in turn, as fast as they answer, also when you leave this page. It can be stopped: hosts that were not asked yet stay as they are then.',
    ],
    undo: 'On each host it is a job, whose page offers to roll it back, for as long as the versions of before can still be had.',
    yes: `Yes, install them on ${hosts}`,
  };
}

/** Before hosts that wait are left as they are. */
export function confirmStopAct({ counts: { waiting } }: Pick<FleetAct, 'counts'>): Confirmation {
  const hosts = count(waiting, 'host');
  const stop = waiting === 0 ? 'Stop it' : `Stop it for ${hosts}`;
  return {
    title: `${stop}?`,
    happens: [
      `${hosts} that ${waiting === 1 ? 'was' : 'were'} not asked yet ${waiting === 1 ? 'stays as it is' : 'stay as they are'}. What others have begun goes on; each of their jobs can be cancelled on its own page.`,
    ],
    undo: 'The same can be started again, for the hosts on which something still waits.',
    yes: stop,
  };
}
