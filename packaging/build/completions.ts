import type { Command } from 'commander';

/** A command with the words that may follow it. */
interface Words {
  /** Sub-commands that lead here, joined by spaces; empty for the program itself. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly description: string }[];
}

function wordsOf(command: Command, path: readonly string[]): Words[] {
  const children = command.commands.map((child) => child as Command);
  const words = [
    ...children.map((child) => ({ word: child.name(), description: child.description() })),
    ...command.options.map((option) => ({
      word: option.long ?? option.short ?? '',
      description: option.description,
    })),
    { word: '--help', description: 'print help' },
  ];
  const own = { path: path.join(' '), words };
  return [own, ...children.flatMap((child) => wordsOf(child, [...path, child.name()]))];
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** For bash: words of the command that is typed, and file names after options that take one. */
export function bashCompletion(program: Command): string {
  const name = program.name();
  const identifier = name.replaceAll('-', '_');
  const cases = wordsOf(program, []).map(
    ({ path, words }) =>
      `    ${shellQuote(path)}) words=${shellQuote(words.map((one) => one.word).join(' '))} ;;`,
  );
  return `# Completion of ${name} for bash.
_${identifier}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path='' word words=''
  case $previous in
    -c|--config|--root|--code-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || path="\${path:+$path }$word"
  done
  while :; do
    case $path in
${cases.map((line) => `  ${line}`).join('\n')}
    esac
    [[ -n $words || $path != *' '* ]] && break
    path=\${path% *}
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _${identifier} ${name}
`;
}

/** For zsh. */
export function zshCompletion(program: Command): string {
  const name = program.name();
  const cases = wordsOf(program, []).map(({ path, words }) => {
    const list = words.map((one) =>
      shellQuote(`${one.word.replaceAll(':', '\\:')}:${one.description.replaceAll(':', '\\:')}`),
    );
    return `    ${shellQuote(path)}) choices=(${list.join(' ')}) ;;`;
  });
  return `#compdef ${name}
# Completion of ${name} for zsh.
local -a choices
local typed="\${(j: :)\${(@)words[2,CURRENT-1]:#-*}}"
while :; do
  case $typed in
${cases.join('\n')}
  esac
  [[ -n $choices || $typed != *' '* ]] && break
  typed=\${typed% *}
done
_describe 'command or option' choices || _files
`;
}

/** For fish. */
export function fishCompletion(program: Command): string {
  const name = program.name();
  const lines = wordsOf(program, []).flatMap(({ path, words }) => {
    const parts = path === '' ? [] : path.split(' ');
    const condition =
      parts.length === 0
        ? '__fish_use_subcommand'
        : parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
    return words.map(({ word, description }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c ${name} -n ${shellQuote(condition)} ${what} -d ${shellQuote(description)}`;
    });
  });
  return `# Completion of ${name} for fish.\n${lines.join('\n')}\n`;
}
