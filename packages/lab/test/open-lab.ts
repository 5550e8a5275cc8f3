import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { type AgentProcess, createLabHost, type LabHost, type LabHostOptions } from '../src/agent-process.ts';
import { buildToyRepository } from '../src/apt/repository.ts';
import { type ManagerPlace, startManagerProcess } from '../src/manager-process.ts';

/** A real manager, and a repository for the hosts that join it, in a folder of their own. */
export async function openLab(place: ManagerPlace = {}) {
  const folder = await temporaryFolder();
  const repository = await buildToyRepository({ folder: join(folder.path, 'repository') });
  const manager = await startManagerProcess(join(folder.path, 'manager'), place);
  return {
    folder: folder.path,
    repository,
    manager,
    /** Makes a host that knows where the manager is; `enrollment` are more lines of that section. */
    host: ({ enrollment = [], ...host }: Omit<LabHostOptions, 'root' | 'repository'>): Promise<LabHost> =>
      createLabHost({
        ...host,
        root: join(folder.path, host.name),
        repository,
        enrollment: [`manager_url: ${manager.url}`, `report_ip: ${host.address}`, ...enrollment],
      }),
    async [Symbol.asyncDispose]() {
      await manager[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
export type Lab = Awaited<ReturnType<typeof openLab>>;

/** What an agent logs when its request has reached the manager. */
export const ASKED = 'The manager has the request';

/** Starts the agent of the only host that asks to join, and lets it in. */
export async function startApproved({ manager }: Lab, host: LabHost): Promise<AgentProcess> {
  const agent = host.start();
  await agent.logged(ASKED);
  const { enrollments } = (await manager.ask('/enrollments')) as { enrollments: { id: string }[] };
  await manager.json('enrollments', 'approve', enrollments[0]?.id ?? 'nobody asks', '--no-code');
  await agent.listening;
  return agent;
}
