import { resolve } from 'node:path';
import type { Files } from '@linux-patch/runtime';

/** A running agent. */
export interface AgentProcessFacts {
  readonly pid: number;
  readonly root: string;
}

/** How a checkout and a package name the agent's program in its arguments. */
const PROGRAM = /(?:^|\/)(?:linux-patch-api(?:\.[cm]js)?|packages\/agent\/src\/main\.ts)$/;
/** What a service may be told: a value follows these, others have theirs in the same word, and anything else is a command. */
const BEFORE_A_VALUE = /^(?:--root|--config|-v*c)$/;
const ALONE = /^(?:--root=|--config=|--verbose$|-v+$|-v*c.)/;

/**
 * The agent that these arguments start as a service; undefined when they start something else.
 * @param argv the arguments of a process, its program first
 */
export function serviceOf(argv: readonly string[]): { readonly root: string } | undefined {
  const at = argv.slice(0, 3).findIndex((word) => PROGRAM.test(word));
  if (at === -1) return undefined;
  const words = argv.slice(at + 1);
  let root = '/';
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const joined = word.startsWith('--root=') ? word.slice('--root='.length) : undefined;
    if (BEFORE_A_VALUE.test(word)) {
      index += 1;
      if (word === '--root') root = words[index] ?? root;
    } else if (ALONE.test(word)) root = joined ?? root;
    else return undefined;
  }
  return { root: resolve(root) };
}

/** Agents that run as a service on this machine, those inside containers left out. */
export async function findAgents(files: Files, proc = '/proc'): Promise<AgentProcessFacts[]> {
  const own = await files.readLink(`${proc}/self/ns/pid`).catch(() => undefined);
  const found: AgentProcessFacts[] = [];
  for (const name of await files.list(proc, { missingOk: true })) {
    if (!/^\d+$/.test(name)) continue;
    const text = await files.readText(`${proc}/${name}/cmdline`).catch(() => undefined);
    const service = text && serviceOf(text.split('\0').filter((word) => word !== ''));
    if (!service) continue;
    const space = await files.readLink(`${proc}/${name}/ns/pid`).catch(() => undefined);
    if (space === own) found.push({ pid: Number(name), root: service.root });
  }
  return found;
}
