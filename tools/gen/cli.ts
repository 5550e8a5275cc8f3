import { createAgentProgram } from '@linux-patch/agent';
import { createManagerProgram } from '@linux-patch/manager';
import type { Command } from 'commander';

const WIDTH = 100;

/** A command, its options, and its sub-commands, as `--help` prints them. */
function helpOf(command: Command, path: string): string {
  command.configureHelp({ helpWidth: WIDTH }).configureOutput({ getOutHelpWidth: () => WIDTH });
  const lines: string[] = [];
  command.configureOutput({ writeOut: (text) => void lines.push(text) });
  command.outputHelp();
  const own = `### \`${path}\`\n\n\`\`\`\n${lines.join('').trim()}\n\`\`\``;
  const children = command.commands.map((child) => helpOf(child as Command, `${path} ${child.name()}`));
  return [own, ...children].join('\n\n');
}

/** The command lines of both programs. */
export function cliReference(): string {
  const ignore = (): void => {};
  return [
    '# Command lines',
    '',
    'Generated from the programs; `npm run gen` writes it anew.',
    '',
    '## Agent',
    '',
    helpOf(createAgentProgram(ignore), 'linux-patch-api'),
    '',
    '## Manager',
    '',
    helpOf(createManagerProgram(ignore), 'linux-patch-manager'),
    '',
  ].join('\n');
}
