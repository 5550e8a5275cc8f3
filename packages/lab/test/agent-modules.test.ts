import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { bundleProgram } from '../../../packaging/build/bundle.ts';
import { PROGRAMS } from '../../../packaging/programs.ts';
import { buildToyRepository } from '../src/apt/repository.ts';
import { REPOSITORY } from '../src/checkout.ts';
import { askDirectly } from '../src/direct-change.ts';
import { createLabHost, runProgram, startManagerProcess } from '../src/index.ts';
import { askHealth, managerIdentity } from '../src/mtls-health.ts';
import { waitingHost } from '../src/waiting-host.ts';

/** Node's web classes (fetch, Request, Response, Headers, WebSocket): 60 ms and 7 MB for whoever touches one. */
const UNDICI = 'NativeModule internal/deps/undici/undici';

/** Preloaded: writes the built-in modules that a process has loaded when it ends. */
const TELL = `import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(process.env.LAB_LOADED_FILE, process.moduleLoadList.join('\\n')));`;
const PRELOADED = ['--import', `data:text/javascript,${encodeURIComponent(TELL)}`];

/** The agent in one script, as packages have it: as a module, whoever imports `node:http` gets the web classes, too. */
async function bundledAgent(folder: string): Promise<string> {
  const [agent] = PROGRAMS;
  if (!agent) throw new Error('there is no agent to package');
  const { readable, helpers, name } = await bundleProgram(agent, REPOSITORY);
  for (const script of [{ readable, name }, ...helpers])
    await writeFile(join(folder, `${script.name}.cjs`), script.readable);
  return join(folder, `${name}.cjs`);
}

async function loaded(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\n');
}

it("an agent that joined, answers, refuses and does a job has not loaded Node's web classes", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'loaded');
  const env = { LAB_LOADED_FILE: file };
  // What they are called, so that a Node that calls them otherwise is noticed.
  await runProgram(process.execPath, [...PRELOADED, '--eval', 'new Headers()'], { env });
  expect(await loaded(file)).toContain(UNDICI);

  await using manager = await startManagerProcess(join(folder.path, 'manager'));
  const repository = await buildToyRepository({ folder: join(folder.path, 'repository') });
  const host = await createLabHost({
    root: join(folder.path, 'host'),
    name: 'modules.lab.test',
    address: '127.0.0.43',
    repository,
    packages: ['toyhello'],
    enrollment: [`manager_url: ${manager.url}`, 'report_ip: 127.0.0.43'],
  });
  const program = await bundledAgent(folder.path);
  await using agent = host.start({ program: [process.execPath, ...PRELOADED, program], env });
  const { request_id: id, host_code: code } = await waitingHost(host);
  await manager.json('enrollments', 'approve', id, '--code', code);
  await agent.listening;

  const identity = await managerIdentity(manager.root);
  expect((await askHealth(host, identity))?.statusCode).toBe(200);
  const refusals: [string, string, string][] = [
    ['GET', '/nowhere', 'NOT_FOUND'],
    ['PUT', '/health', 'METHOD_NOT_ALLOWED'],
    ['GET', '/api/v1/jobs?limit=x', 'INVALID_REQUEST'],
    ['GET', '/api/v1/jobs/00000000-0000-4000-8000-000000000000', 'JOB_NOT_FOUND'],
    ['POST', '/api/v1/patches/apply', 'SIGNATURE_REQUIRED'],
  ];
  for (const [method, path, refusal] of refusals) {
    const wish = { method, path, ...(method === 'GET' ? {} : { body: '{}' }) };
    expect((await askDirectly(host, identity, wish)).code).toBe(refusal);
  }
  await repository.publishUpdates();
  await manager.json('patches', host.name, '--refresh');
  const lines: string[] = [];
  expect(await manager.show((line) => lines.push(line), 'patch', host.name, 'toyhello', '--wait')).toBe(0);
  expect(lines.join('\n')).toContain('toyhello');

  agent.signal('SIGTERM');
  expect(await agent.exited).toBe(0);
  const modules = await loaded(file);
  expect(modules).toContain('NativeModule http');
  expect(modules).not.toContain(UNDICI);
});
