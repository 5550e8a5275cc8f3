import process from 'node:process';
import type { ProcessUsage } from '../process-usage.ts';

/** The usage of this process. */
export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
    nodeVersion: process.versions.node,
  };
}
