import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ManagerProcess } from '../manager-process.ts';

/** The socket of a manager's administration. */
export function adminSocketOf({ root }: Pick<ManagerProcess, 'root'>): string {
  return join(root, 'run/linux-patch-manager/admin.sock');
}

/** The manager's administration through its socket, as the command line calls it; connections are kept. */
export interface ManagerApi extends Disposable {
  readonly caPem: string;
  /** Answers with the body; anything but success throws it. */
  call(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<string>;
}

export async function openManagerApi(manager: Pick<ManagerProcess, 'root'>): Promise<ManagerApi> {
  const data = join(manager.root, 'var/lib/linux_patch_manager');
  const caPem = await readFile(join(data, 'ca/root.pem'), 'utf8');
  const agent = new Agent({ keepAlive: true });
  const socketPath = adminSocketOf(manager);
  const ask = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const headers = body ? { 'content-type': 'application/json' } : {};
    const outgoing = request({ socketPath, path, agent, method, headers }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer}`));
      }, reject);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // The manager ended a kept connection just when it was taken (nodejs.org/api/http.html#requestreusedsocket).
      const isEnded = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      if (outgoing.reusedSocket && isEnded) ask(method, path, body).then(resolve, reject);
      else reject(error);
    });
    outgoing.end(body && JSON.stringify(body));
    return promise;
  };
  return {
    caPem,
    call: ask,
    [Symbol.dispose]: () => agent.destroy(),
  };
}
