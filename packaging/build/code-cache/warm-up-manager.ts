import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { WarmUp } from './make.ts';

/** A command from its line to the manager's socket, at which nobody listens: what every command does before its own work. */
export const warmUpManager: WarmUp = async ({ start, root }) => {
  mkdirSync(root, { recursive: true });
  const run = async (...args: string[]): Promise<string> => {
    const command = start(['--root', root, ...args]);
    command.stdin.end();
    const ended = once(command, 'exit');
    const said = await Promise.all([text(command.stdout), text(command.stderr)]);
    await ended;
    return said.join('');
  };
  const made = await run('init', '--url', 'https://warm-up.build.test:8443');
  const said = await run('hosts', 'list');
  if (!said.includes('does not answer at'))
    throw new Error(`the manager's command failed otherwise: ${made}${said}`);
};
