import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import type { Routes } from '../http/routes.ts';
import { listAudit } from './list.ts';
import { verifyAudit } from './verify.ts';

/** What is called about the audit log. */
export function serveAuditRoutes(routes: Routes, reads: Database): void {
  routes.serve(MANAGER_ADMIN_ROUTES.listAudit, ({ query }) => listAudit(reads, query));
  routes.serve(MANAGER_ADMIN_ROUTES.verifyAudit, ({ query, request: { signal } }) =>
    verifyAudit(reads, { contains: query.contains, signal }),
  );
}
