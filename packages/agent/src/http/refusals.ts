import type { Clock } from '@linux-patch/runtime';
import type { Refusal } from '../access/client-policy.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AgentCounters } from '../metrics/counters.ts';

/** Refusals written per address and minute, and in all; what is above is counted. */
const PER_ADDRESS = 10;
const IN_ALL = 120;
const WINDOW_MS = 60_000;

interface Window {
  written: number;
  suppressed: number;
}

/** Counts refused connections and tells the audit log about them, without letting a port scan fill the disk. */
export function createRefusalRecorder(options: {
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly counters: Pick<AgentCounters, 'countRefusal'>;
}): (address: string, refusal: Refusal) => void {
  let startedMs = options.clock.monotonicMs();
  let writtenInAll = 0;
  let suppressedInAll = 0;
  let windows = new Map<string, Window>();
  const turnOver = (): void => {
    const nowMs = options.clock.monotonicMs();
    if (nowMs - startedMs < WINDOW_MS) return;
    if (suppressedInAll > 0) {
      const addresses = [...windows]
        .filter(([, window]) => window.suppressed > 0)
        .map(([address]) => address);
      options.audit.record('refusals_suppressed', {
        count: suppressedInAll,
        addresses: addresses.slice(0, PER_ADDRESS),
      });
    }
    startedMs = nowMs;
    writtenInAll = 0;
    suppressedInAll = 0;
    windows = new Map();
  };
  return (address, refusal) => {
    options.counters.countRefusal(refusal.code);
    turnOver();
    // Past the common limit no more addresses are remembered, so a spoofed crowd costs no memory.
    const window = windows.get(address) ?? { written: 0, suppressed: 0 };
    if (writtenInAll < IN_ALL) windows.set(address, window);
    if (writtenInAll >= IN_ALL || window.written >= PER_ADDRESS) {
      window.suppressed += 1;
      suppressedInAll += 1;
      return;
    }
    window.written += 1;
    writtenInAll += 1;
    options.audit.record('connection_refused', {
      address,
      error_code: refusal.code,
      reason: refusal.reason,
    });
  };
}
