import { WAIT_FOR_CHILD } from '@linux-patch/runtime';
import type { Tool } from './adapter.ts';

/**
 * Runs a command, and another when it has ended well. SIGTERM goes to the one that runs, and then nothing else begins. All is
 * a positional parameter: the first command with its parts on lines of their own, then the other.
 */
const SCRIPT = [
  'child= stopped=',
  'trap \'stopped=1 woken=1; [ -z "$child" ] || kill -TERM "$child"\' TERM',
  'run() {',
  '  "$@" </dev/null &',
  '  child=$!',
  WAIT_FOR_CHILD,
  '  child=',
  '}',
  'first=$1; shift',
  "IFS='\n'; set -f",
  'run $first',
  '[ "$code" = 0 ] && [ -z "$stopped" ] || exit "$code"',
  'run "$@"',
  'exit "$code"',
].join('\n');

/** One tool for two of the same environment, none of whose arguments has more than one line. */
export function oneAfterTheOther(first: Tool, second: Tool): Tool {
  return {
    what: `${first.what} and ${second.what}`,
    program: '/bin/sh',
    args: [
      '-c',
      SCRIPT,
      'package-work',
      [first.program, ...first.args].join('\n'),
      second.program,
      ...second.args,
    ],
    env: first.env,
  };
}
