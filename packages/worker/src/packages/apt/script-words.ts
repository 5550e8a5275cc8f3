import type { CommandResult } from '@linux-patch/runtime';

/** Lines of a script that are shown, and characters of each. */
const LINES = 5;
const LINE_CHARACTERS = 200;

/** Where dpkg and apt speak themselves, and what they begin something else with. */
const STEP =
  /^(Setting up|Unpacking|Preparing to unpack|Selecting previously|Removing|Purging|Processing triggers|\(Reading database|Errors were encountered|E: |W: |Reading |Building |dpkg: |apt-listchanges: )/;
const ERROR = /^dpkg: error processing (?:package|archive) (\S+) \(/;

function nameOf(word: string): string {
  return (word.split('/').at(-1) ?? word).split(/[_:]/)[0] ?? word;
}

/** Lines between the last step on a package and the next one. */
function ofStep(stdout: string, name: string): string[] {
  const lines = stdout.split('\n');
  const at = lines.findLastIndex((line) => {
    const [, word = ''] = /^(?:Setting up|Unpacking|Preparing to unpack|Removing) (\S+)/.exec(line) ?? [];
    return nameOf(word) === name;
  });
  if (at < 0) return [];
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => STEP.test(line));
  return rest.slice(0, end < 0 ? undefined : end);
}

/** Lines before dpkg's error about a package, and dpkg's own after it. */
function ofError(stderr: string, name: string): string[] {
  const lines = stderr.split('\n');
  const at = lines.findLastIndex((line) => nameOf(ERROR.exec(line)?.[1] ?? '') === name);
  if (at < 0) return [];
  const step = lines.slice(0, at).findLastIndex((line) => STEP.test(line));
  // What dpkg said about the package before goes on in indented lines.
  const start = lines.findIndex((line, index) => index > step && (step < 0 || !line.startsWith(' ')));
  const tail = lines.slice(at + 1);
  const end = tail.findIndex((line) => !line.startsWith(' '));
  return [...lines.slice(start, at), ...tail.slice(0, end < 0 ? undefined : end)];
}

/**
 * The last lines that a package's script printed before dpkg 1.21 or 1.22 gave the package up, and dpkg's reason; empty
 * when dpkg said nothing about the package.
 */
export function scriptWords(
  { stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>,
  name: string,
): string[] {
  const errors = ofError(stderr, name);
  if (errors.length === 0) return [];
  return [...ofStep(stdout, name), ...errors]
    .map((line) => line.trim().slice(0, LINE_CHARACTERS))
    .filter((line) => line !== '')
    .slice(-LINES);
}
