import { must, type ProgramResult } from '../process.ts';
import { askUntil } from '../wait.ts';

const UPDATE = ['update', '-qq', '-o', 'APT::Update::Error-Mode=any'] as const;

/**
 * Refreshes the lists of a host with `apt-get update`; a source that fails is an error. apt waits for nobody who holds its
 * lists (apt.conf(5) knows a timeout for dpkg's locks alone), and an agent refreshes them when it likes, so this waits, as
 * people would.
 */
export function refreshLists(host: {
  run(program: string, args: readonly string[]): Promise<ProgramResult>;
}): Promise<true> {
  return askUntil('nobody else to hold the lists', async () => {
    const result = await host.run('apt-get', UPDATE);
    if (/Could not get lock \S*\/lists\/lock/.test(result.stderr)) return undefined;
    must(result, `apt-get ${UPDATE.join(' ')}`);
    return true;
  });
}
