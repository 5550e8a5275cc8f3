import { resolve } from 'node:path';
import { ownUid } from '@linux-patch/runtime';
import { RootsFileAnswer } from '@linux-patch/worker';
import { agentPaths } from '../config/paths.ts';
import { ownWorker, workerOf } from '../worker-link/choose-worker.ts';
import { openWorkerLink } from '../worker-link/link.ts';
import { type AskForFile, withRootsFiles } from '../worker-link/roots-files.ts';
import type { AgentDoors } from './agent-context.ts';

/** Gives the agent's user what is its own; the package has it, and the unit runs it before each start. */
const OWNERS = '/usr/lib/linux-patch-api/owners';
const OWNERS_LIMIT_MS = 60_000;

/** What is known before there is a configuration. */
interface Wish {
  readonly root: string;
  /** Whether nothing is changed. */
  readonly looksOnly: boolean;
}

/**
 * Does the work with the rights of the user that has the agent's folders: what root starts leaves nothing there that the
 * service could not use, and follows no link that this user has laid. Programs that it starts are root's.
 */
export async function asAgentsUser<T>(
  doors: AgentDoors,
  wish: Wish,
  work: (doors: AgentDoors) => Promise<T>,
): Promise<T> {
  const { files } = doors;
  const root = resolve(wish.root);
  const own = await ownUid(files);
  if (own === 0 && root === '/' && !wish.looksOnly) await handOver(doors);
  const facts = await files.factsBehind(agentPaths(root).dataFolder).catch(() => undefined);
  if (facts === undefined || facts.uid === 0 || (own !== 0 && own !== facts.uid)) return work(doors);
  const { clock, random, network, createLogger, program } = doors;
  const seen = root === '/' ? withRootsFiles(files, askBy(own === 0, doors)) : files;
  return files.actAs(facts, () => work({ clock, random, files: seen, network, createLogger, program }));
}

async function handOver({ files, program: { commands, stderr } }: AgentDoors): Promise<void> {
  if (!(await files.facts(OWNERS))) return;
  const result = await commands.run({ program: OWNERS, args: [], timeoutMs: OWNERS_LIMIT_MS });
  const words = result.stderr.trim() || `ended with ${result.exitCode}`;
  if (result.exitCode !== 0) stderr(`linux-patch-api: ${OWNERS}: ${words}\n`);
}

/** Root's own command has a worker of its own, which is root; the agent has its socket. */
function askBy(isRoot: boolean, { files, program: { commands } }: AgentDoors): AskForFile {
  const { configFile } = agentPaths('/');
  const host = { root: '/', files, commands, configFile, backend: 'auto' };
  const worker = isRoot ? ownWorker(host) : workerOf(host);
  return async (path) => {
    using link = openWorkerLink(worker);
    return (await link.ask({ v: 1, op: 'roots-file', path }, RootsFileAnswer)).text ?? undefined;
  };
}
