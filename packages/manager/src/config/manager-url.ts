import { hostname } from 'node:os';
import type { ManagerConfig } from './schema.ts';

/** What agents and the command line call. */
export function managerUrlOf(config: ManagerConfig): string {
  return config.server.url ?? `https://${hostname()}:${config.server.port}`;
}
