import { writeSync } from 'node:fs';
import type { ReportOutput } from '../report-output.ts';

const STDOUT = 1;
/** Of what cannot be written so much is kept; more ends the keeping, and the reader sees that lines are missing. */
const MOST_KEPT_BYTES = 16 * 1024 * 1024;

/** Standard output, which nothing else in the process may use: each line is written when `say` returns, where there is room. */
export function openReportOutput(descriptor: number = STDOUT): ReportOutput {
  let kept: Buffer = Buffer.alloc(0);
  const write = (): boolean => {
    try {
      while (kept.length > 0) kept = kept.subarray(writeSync(descriptor, kept));
      return true;
    } catch {
      // Full, or nobody reads: what is left is tried again with what comes.
      return false;
    }
  };
  return {
    say(line) {
      const next = Buffer.from(`${line}\n`);
      if (kept.length + next.length <= MOST_KEPT_BYTES) kept = Buffer.concat([kept, next]);
      write();
    },
    settle: write,
  };
}
