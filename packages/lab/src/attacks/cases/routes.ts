import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { AttackCase } from '../attack-case.ts';
import { callAsStranger } from '../stranger.ts';

/** Fills the parameters of a route's path. */
function pathOf(template: string): string {
  return template.replaceAll(/\{\w+\}/g, 'x');
}

export const ADMIN_ROUTES: AttackCase = {
  name: 'f1-admin-routes',
  tried: 'A stranger calls every route of the administration, without a credential and with an invented one.',
  now: 'Each answers 401 and nothing else.',
  async run(world) {
    const { url } = await world.manager();
    const routes = Object.values(MANAGER_ADMIN_ROUTES);
    for (const [index, { method, path }] of routes.entries()) {
      // Failed tries are limited by address; this attacker has many.
      const from = `127.0.9.${index + 1}`;
      for (const headers of [{}, { authorization: `Bearer ${'a'.repeat(43)}` }]) {
        const answer = await callAsStranger({ url, method, path: pathOf(path), headers, from });
        if (answer.status !== 401) {
          throw new Error(`${method} ${path} answers ${answer.status}: ${answer.text}`);
        }
      }
    }
    return `${routes.length * 2} calls, each 401`;
  },
};
