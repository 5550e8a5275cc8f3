import { cpus, release, totalmem } from 'node:os';
import process from 'node:process';

/** Where something was measured, in words. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 1e9);
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memory} GB RAM, Linux ${release()}, Node ${process.versions.node}`;
}
