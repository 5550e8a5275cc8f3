import type { OutdatedProcess, RunningService, ServiceList } from '@linux-patch/contract';
import { count } from '../words/count.ts';

const FILES_NAMED = 4;

const ORDER: readonly RunningService['old_code'][] = ['yes', 'unknown', 'no'];

/** Those that run replaced code first, then those of which nobody knows; by name among themselves. */
export function byNeed(services: readonly RunningService[]): readonly RunningService[] {
  return services.toSorted(
    (a, b) => ORDER.indexOf(a.old_code) - ORDER.indexOf(b.old_code) || a.name.localeCompare(b.name, 'en'),
  );
}

/** Files that processes run in their former state, each once: some of them, and how many more at most. */
export function filesOf(processes: readonly Pick<OutdatedProcess, 'files' | 'more_files'>[]): {
  readonly named: readonly string[];
  readonly more: number;
} {
  const all = [...new Set(processes.flatMap(({ files }) => files))];
  const unnamed = Math.max(0, ...processes.map(({ more_files: more }) => more));
  return { named: all.slice(0, FILES_NAMED), more: Math.max(0, all.length - FILES_NAMED) + unnamed };
}

/** What nobody could look at, in sentences; none where the list is whole. Processes of containers are no part of the host. */
export function unseenOf({ unknown, left_out: leftOut, elsewhere }: ServiceList): readonly string[] {
  const unseen = [
    ...unknown.map(({ reason, processes }) => `${count(processes, 'running program')}: ${reason}.`),
    ...(leftOut > 0
      ? [`${count(leftOut, 'running program')} with replaced code: there was no room to name them.`]
      : []),
  ];
  const note = `${count(elsewhere, 'running program')} of containers or the like: not looked at.`;
  return unseen.length > 0 && elsewhere > 0 ? [...unseen, note] : unseen;
}
