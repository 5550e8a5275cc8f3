import { AGENT_ROUTES } from '@linux-patch/contract';
import type { RouteServer } from '../agent-request.ts';
import { serveChange } from '../serve-change.ts';

/** `/api/v1/system/reboot` and what is below it. */
export function serveReboots(server: RouteServer): void {
  serveChange(server, AGENT_ROUTES.rebootHost);
  serveChange(server, AGENT_ROUTES.cancelReboot);
}
