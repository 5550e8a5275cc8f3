import type { FleetFigures } from '@linux-patch/contract';
import { count } from '../words/count.ts';

/** How the fleet fares, in one sentence; what is unknown is never counted as good. */
export interface Verdict {
  readonly tone: 'good' | 'act' | 'unknown';
  readonly sentence: string;
  /** By which the hosts are found that it is about first. */
  readonly search: string | undefined;
}

function isOrAre(number: number): string {
  return number === 1 ? 'is' : 'are';
}

/** The worst that is true of the fleet comes first. */
export function verdictOf({ hosts, security, behind, unknown }: FleetFigures): Verdict {
  if (hosts === 0) return { tone: 'unknown', sentence: 'No host has joined yet.', search: undefined };
  const unclear =
    unknown === 0
      ? ''
      : ` Of ${count(unknown, 'host')} nobody can say what waits on ${unknown === 1 ? 'it' : 'them'}.`;
  if (security > 0)
    return {
      tone: 'act',
      sentence: `Security updates wait on ${count(security, 'host')}.${unclear}`,
      search: 'state:behind security:yes',
    };
  if (behind > 0)
    return {
      tone: unknown > 0 ? 'unknown' : 'act',
      sentence: `Updates wait on ${count(behind, 'host')}, none of them known to be for security.${unclear}`,
      search: 'state:behind',
    };
  if (unknown > 0) {
    const known = hosts - unknown;
    const rest = known === 0 ? '' : ` ${count(known, 'host')} ${isOrAre(known)} current.`;
    return { tone: 'unknown', sentence: `${unclear.trim()}${rest}`, search: 'state:unknown' };
  }
  return {
    tone: 'good',
    sentence: `${hosts === 1 ? 'The host is' : `All ${count(hosts, 'host')} are`} current.`,
    search: undefined,
  };
}
