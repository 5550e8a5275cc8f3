import { createHttpApp, type HttpApp, type Outcome } from '@linux-patch/http';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { ManagerRequest } from './manager-request.ts';
import { addSecurityHeaders } from './security-headers.ts';

/** The path without the polling token that older agents put into it. */
function shownPath(path: string): string {
  return path.replace(/(\/enroll\/status\/)(?!self$).+/, '$1…');
}

/** The manager's app, as yet without routes. */
export function createApp(
  doors: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  countAnswer: (request: ManagerRequest, outcome: Outcome) => void,
): HttpApp<ManagerRequest> {
  return createHttpApp<ManagerRequest>({
    ...doors,
    shownPath,
    onAnswered({ request }, answered, outcome) {
      addSecurityHeaders(outcome.answer);
      countAnswer(request, outcome);
      doors.logger.info('request', { ...answered, address: request.observedAddress });
    },
  });
}
