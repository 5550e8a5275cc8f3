import { isPatchError } from '@linux-patch/contract';
import { auditedRequest } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { CallWatch } from './routes.ts';

/** Records who asks for which change, and who may not; what cannot be recorded is not done. */
export function auditAdminCalls(audit: AuditLog, db: Database): CallWatch {
  return {
    async forbidden({ route, actor, requestId, address, permission, beyond }) {
      const { method, path } = route;
      const asked = { request_id: requestId, address, method, route: path, permission, role: actor.role };
      const fields = { ...asked, ...(beyond ? { beyond } : {}) };
      // A program with the wrong token repeats itself: its rows have the budget that those of strangers have.
      await audit.record(db, { actor: actor.name, event: 'admin_forbidden', fields, stranger: address });
    },
    async begun({ route, actor, requestId, address, parameters, query, body }) {
      const fields = {
        request_id: requestId,
        address,
        method: route.method,
        route: route.path,
        ...auditedRequest({ parameters, query, body }),
      };
      await audit.record(db, { actor: actor.name, event: 'admin_call', fields });
    },
    async failed({ route, actor, requestId }, error) {
      const code = isPatchError(error) ? error.code : 'INTERNAL_ERROR';
      const fields = { request_id: requestId, route: route.path, code };
      // The failure itself is the answer, also when the disk is full.
      await audit.record(db, { actor: actor.name, event: 'admin_call_failed', fields }).catch(() => {});
    },
  };
}
