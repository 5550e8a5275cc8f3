import type { HostList } from '@linux-patch/contract';
import { dataOf } from './known-host.ts';
import type { World } from './world.ts';

/** Code and words of an answer that refuses, after its status. */
export function faultOf({ status, text }: { readonly status: number; readonly text: string }) {
  const { error } = JSON.parse(text) as { error: { code: string; message: string } };
  return [status, error.code, error.message] as const;
}

/** Calls over TLS, as a program to which an operator gave a token of this name, of the world that is opened. */
export function operatorCalls(name: string) {
  const own = { world: undefined as World | undefined, secret: '' };
  const theWorld = (): World => {
    if (!own.world) throw new Error('no world is open');
    return own.world;
  };
  const over = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
    theWorld().call({
      method,
      path: `/api/v1${path}`,
      headers: { authorization: `Bearer ${own.secret}` },
      ...(body === undefined ? {} : { body }),
    });
  const ask = (hosts: string) => over('GET', `/hosts?hosts=${encodeURIComponent(hosts)}`);
  return {
    open: async (world: World): Promise<void> => {
      own.world = world;
      own.secret = (await world.admin('/api-tokens', { name, role: 'operator' })).json().data.secret;
    },
    over,
    /** Asks which hosts are meant. */
    ask,
    /** Full names of the hosts that are meant. */
    chosen: async (hosts: string) => dataOf<HostList>(await ask(hosts)).hosts.map(({ fqdn }) => fqdn),
    /** Records of events with this beginning, in order. */
    audited: async (beginning: string) => {
      const rows = await theWorld().database.db.selectFrom('audit').selectAll().orderBy('seq').execute();
      return rows
        .filter(({ event }) => event.startsWith(beginning))
        .map(({ actor, event, fields }) => ({
          actor,
          event,
          ...(JSON.parse(fields) as Readonly<Record<string, unknown>>),
        }));
    },
  };
}
