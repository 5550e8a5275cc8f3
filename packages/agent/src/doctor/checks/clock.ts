import { CLOCK_SKEW_MS } from '@linux-patch/pki';
import type { AuditTrail } from '../../audit/trail.ts';
import { span } from '../../clock/state.ts';
import type { Finding } from '../finding.ts';

/**
 * What the difference to the manager's clock means.
 * @param offsetMs the manager's time less this host's
 */
export function clockFinding(offsetMs: number, nowMs: number): Finding | undefined {
  if (Math.abs(offsetMs) <= CLOCK_SKEW_MS) return undefined;
  const here = new Date(nowMs).toISOString();
  const there = new Date(nowMs + offsetMs).toISOString();
  const detail = `It says ${here}, the manager's says ${there}: ${span(offsetMs)} of difference.`;
  return { code: offsetMs > 0 ? 'CLOCK_BEHIND' : 'CLOCK_AHEAD', detail };
}

/** Whether the clock is before what was already written down; needs no network. */
export function clockBeforeRecords(trail: AuditTrail, nowMs: number): Finding | undefined {
  const newestMs = Math.max(0, ...trail.map((line) => Date.parse(line.timestamp)));
  if (newestMs - nowMs <= CLOCK_SKEW_MS) return undefined;
  const detail = `It says ${new Date(nowMs).toISOString()}; the newest record is of ${new Date(newestMs).toISOString()}.`;
  return { code: 'CLOCK_BEFORE_RECORDS', detail };
}
