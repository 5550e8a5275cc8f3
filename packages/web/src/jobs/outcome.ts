import type { FleetJob, JobStatus } from '@linux-patch/contract';
import { count } from '../words/count.ts';
import { STATES } from './jobs-search.ts';

/** How a job stands by the manager's records: with the status of the host's job, or as far as it got without one. */
export function outcomeOf({ state, result }: Pick<FleetJob, 'state' | 'result'>): {
  readonly status: JobStatus | undefined;
  readonly sign: string;
  readonly word: string;
} {
  const status = result?.status ?? undefined;
  if (state === 'ended') return { status, sign: '?', word: 'ended, nobody can say how' };
  return { status: undefined, sign: SIGNS[state], word: STATES[state] };
}

const SIGNS: Readonly<Record<Exclude<FleetJob['state'], 'ended'>, string>> = {
  waiting: '·',
  asked: '…',
  accepted: '▶',
  not_begun: '✖',
  not_asked: '–',
  unknown: '?',
};

/** What became of a job, in words; empty while it is not over. */
export function resultWords({ state, result }: Pick<FleetJob, 'state' | 'result'>): string {
  if (result === null) return '';
  if (state === 'ended' && result.status === 'completed') return changeWords(result.changed);
  return [result.error_code, result.message].filter(Boolean).join(': ');
}

function changeWords(changed: Readonly<Record<string, number>>): string {
  const words = Object.entries(changed).map(([action, number]) => `${count(number, 'package')} ${action}`);
  return words.join(', ') || 'nothing changed';
}
