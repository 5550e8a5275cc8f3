import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Routes } from '../http/routes.ts';
import { chooseRequest } from './choose-by-code.ts';
import type { EnrollmentContext } from './context.ts';
import { approve, deny } from './decide.ts';
import { forgetSuperseded } from './superseded.ts';
import { findRequest, listRequests, viewOf } from './view.ts';

/** What administrators call about requests to join. */
export function serveEnrollmentRoutes(routes: Routes, enrollment: EnrollmentContext): void {
  routes.serve(MANAGER_ADMIN_ROUTES.listEnrollments, async ({ query }) => {
    await forgetSuperseded(enrollment);
    return listRequests(enrollment, query);
  });
  routes.serve(MANAGER_ADMIN_ROUTES.getEnrollment, async ({ parameter }) =>
    viewOf(enrollment, await findRequest(enrollment, parameter('id'))),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.approve, async ({ parameter, body, actor }) => {
    const { id } = await chooseRequest(enrollment, parameter('id'), body.code, actor.name);
    return viewOf(enrollment, await approve(enrollment, id, body, actor));
  });
  routes.serve(MANAGER_ADMIN_ROUTES.deny, async ({ parameter, body, actor }) => {
    const { id } = await chooseRequest(enrollment, parameter('id'), body.code, actor.name);
    return viewOf(enrollment, await deny(enrollment, id, body, actor));
  });
}
