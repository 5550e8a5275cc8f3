import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ManagerProcess } from '../manager-process.ts';

/** The manager's administration as a program calls it; connections are kept. */
export interface ManagerApi extends Disposable {
  readonly caPem: string;
  /** Answers with the body; anything but success throws it. */
  call(method: 'GET' | 'POST', path: string, body?: object): Promise<string>;
}

export async function openManagerApi(manager: ManagerProcess): Promise<ManagerApi> {
  const data = join(manager.root, 'var/lib/linux_patch_manager');
  const token = (await readFile(join(data, 'admin.token'), 'utf8')).trim();
  const caPem = await readFile(join(data, 'ca/root.pem'), 'utf8');
  const agent = new Agent({ keepAlive: true, ca: caPem });
  return {
    caPem,
    async call(method, path, body) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const headers = {
        authorization: `Bearer ${token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      };
      const outgoing = request(new URL(path, manager.url), { agent, method, headers }, (response) => {
        text(response).then((answer) => {
          if (response.statusCode === 200) resolve(answer);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer}`));
        }, reject);
      });
      outgoing.on('error', reject);
      outgoing.end(body && JSON.stringify(body));
      return promise;
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}
