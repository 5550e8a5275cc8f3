import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/**
 * What a manager answers to root of its machine, as its command line asks: to wait for something, without a program for
 * each look.
 * @param path below `/api/v1`
 * @returns the data of the answer
 * @throws Error when it refuses or is away
 */
export async function askManager(root: string, path: string): Promise<unknown> {
  const answer = Promise.withResolvers<string>();
  const socketPath = join(root, 'run/linux-patch-manager/admin.sock');
  request({ socketPath, path: `/api/v1${path}`, agent: false }, (response) => {
    void text(response).then(answer.resolve, answer.reject);
  })
    .on('error', answer.reject)
    .end();
  const said = await answer.promise;
  const { success, data } = JSON.parse(said) as { readonly success: boolean; readonly data: unknown };
  if (success) return data;
  throw new Error(`the manager refuses ${path}: ${said}`);
}
