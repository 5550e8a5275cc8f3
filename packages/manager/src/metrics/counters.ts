import {
  createRouteLabel,
  createTally,
  MANAGER_ADMIN_ROUTES,
  MANAGER_PUBLIC_ROUTES,
  type ManagerAuditEvent,
  PatchError,
  type Reading,
  statusClass,
} from '@linux-patch/contract';
import type { Outcome } from '@linux-patch/http';
import type { Clock } from '@linux-patch/runtime';
import type { ManagerRequest } from '../http/manager-request.ts';

/** What the manager counts while it runs. */
export interface ManagerCounters {
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  readonly handshakesFailed: number;
  /** Counts every answer of the app. */
  countAnswer(request: Pick<ManagerRequest, 'method' | 'path'>, outcome: Outcome): void;
  countHandshakeFailed(): void;
  countEvent(event: ManagerAuditEvent): void;
  requests(): Reading<'method' | 'route' | 'status_class'>[];
  refusals(): Reading<'code'>[];
  events(): Reading<'event'>[];
}

/** Codes of refusals that are answered without a thrown error. */
const CODES: Readonly<Record<number, string>> = {
  401: 'UNAUTHORIZED',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
};

export function createManagerCounters(clock: Clock): ManagerCounters {
  const routes = [...Object.values(MANAGER_PUBLIC_ROUTES), ...Object.values(MANAGER_ADMIN_ROUTES)];
  const labelOf = createRouteLabel(routes.map((route) => route.path));
  const requests = createTally<'method' | 'route' | 'status_class'>();
  const refusals = createTally<'code'>();
  const events = createTally<'event'>();
  const startedAtMs = clock.now();
  let handshakesFailed = 0;
  return {
    startedAtMs,
    get handshakesFailed() {
      return handshakesFailed;
    },
    countAnswer({ method, path }, { answer: { status }, error }) {
      requests.add({ ...labelOf(method, path), status_class: statusClass(status) });
      if (status < 400) return;
      const code = error instanceof PatchError ? error.code : (CODES[status] ?? 'INTERNAL_ERROR');
      refusals.add({ code });
    },
    countHandshakeFailed: () => {
      handshakesFailed += 1;
    },
    countEvent: (event) => events.add({ event }),
    requests: () => requests.readings(),
    refusals: () => refusals.readings(),
    events: () => events.readings(),
  };
}
