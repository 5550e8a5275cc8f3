import type { Tool } from '../../adapter.ts';
import { rpmEnvironment } from '../../rpm/database.ts';
import { splitName } from '../../rpm/names.ts';
import { dnfChange, specOf } from '../change.ts';
import type { DnfTools } from '../generation.ts';
import { DNF5 } from '../program.ts';
import { changeArguments } from './plan.ts';
import { baseArguments } from './program.ts';

/** What the plan stood on is what the change stands on: only packages are downloaded. */
const CHANGES = ['-y', '--setopt=cacheonly=metadata'];

export function dnf5Tools(root: string): DnfTools {
  const tool = (what: string, args: readonly string[]): Tool => ({
    what: `dnf5 ${what}`,
    program: DNF5,
    args: [...baseArguments(root), ...CHANGES, ...args],
    env: rpmEnvironment(root),
  });
  return {
    change(change) {
      const asked = dnfChange(change);
      return tool(asked.command, changeArguments(asked));
    },
    finish: () => tool('remove --duplicates', ['remove', '--duplicates']),
    hold(names, hold) {
      const command = hold ? 'add' : 'delete';
      const specs = names.map((name) => splitName(specOf({ name })).name);
      return tool(`versionlock ${command}`, ['versionlock', command, ...specs]);
    },
    // "do" takes what comes and what goes at once (dnf5-do(8)).
    inTwoRuns: () => false,
  };
}
