import { createHttpApp } from '@linux-patch/http';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { Context, Hono } from 'hono';
import type { ManagerEnv } from './manager-env.ts';

/** The path without the polling token that older agents put into it. */
function shownPath(path: string): string {
  return path.replace(/(\/enroll\/status\/)(?!self$).+/, '$1…');
}

/** The manager's app, as yet without routes. */
export function createApp(
  doors: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  countAnswer: (context: Context<ManagerEnv>) => void,
): Hono<ManagerEnv> {
  return createHttpApp<ManagerEnv>({
    ...doors,
    shownPath,
    onAnswered(context, request) {
      countAnswer(context);
      doors.logger.info('request', { ...request, address: context.env.observedAddress });
    },
  });
}
