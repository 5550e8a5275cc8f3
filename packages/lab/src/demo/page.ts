import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { REPOSITORY } from '../checkout.ts';
import type { ManagerProcess } from '../manager-process.ts';
import { type RunningProgram, startProgram } from '../process.ts';

/** Who may sign in to the demo's page. */
export interface DemoPerson {
  readonly name: string;
  readonly password: string;
}

/** Makes somebody who may do everything, with a password of this demo alone. */
export async function createDemoPerson(manager: ManagerProcess): Promise<DemoPerson> {
  const person = { name: 'ada', password: randomBytes(12).toString('base64url') };
  const file = join(manager.root, 'ada.password');
  await writeFile(file, person.password, { mode: 0o600 });
  await manager.json('people', 'create', person.name, '--role', 'admin', '--password-file', file);
  return person;
}

/** @throws unless the page answers, and with it the API behind it. */
export async function checkPage({ url, root }: ManagerProcess): Promise<void> {
  const ca = await readFile(join(root, 'var/lib/linux_patch_manager/ca/root.pem'), 'utf8');
  for (const [path, part] of [
    ['/', '<title>Linux Patch</title>'],
    ['/api/v1/session', 'UNAUTHORIZED'],
  ] as const) {
    const outgoing = request(`${url}${path}`, { ca, agent: false }).end();
    const [answer] = await once(outgoing, 'response');
    const body = await text(answer);
    if (!body.includes(part))
      throw new Error(`${url}${path} does not answer as the page does: ${body.slice(0, 200)}`);
  }
}

/** Serves the page from its sources, each change at once, over the demo's manager. */
export function servePageSources(
  { url, root }: ManagerProcess,
  onLine: (line: string) => void,
): RunningProgram {
  return startProgram({
    program: process.execPath,
    args: [join(REPOSITORY, 'node_modules/vite/bin/vite.js'), join(REPOSITORY, 'packages/web')],
    env: { LINUX_PATCH_MANAGER: url },
    logFile: join(root, 'vite.log'),
    onLine,
  });
}
