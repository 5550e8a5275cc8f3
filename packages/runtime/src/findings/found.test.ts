import { describe, expect, it } from 'vitest';
import { describeFound } from './found.ts';
import { themed } from './traits.ts';

const KNOWN = { commands: { agent: '/opt/the agent' }, words: { config: '/etc/config.yaml' } };

function commandOf(command: string, found: object): string {
  const table = { ODD: themed('packages').error({ title: 'Odd', meaning: 'It is odd.', command }) };
  return describeFound(table, { code: 'ODD', detail: 'It is.', ...found }, KNOWN).command;
}

describe('the command that mends what was found', () => {
  it('has names and paths as one word of the shell each, whatever they are', () => {
    expect(commandOf('rm {path}', { words: { path: '/a b; reboot' } })).toBe("rm '/a b; reboot'");
    expect(commandOf('editor {config}', {})).toBe('editor /etc/config.yaml');
  });

  it('has a command as it is, one that was found, too', () => {
    expect(commandOf('{agent} status', {})).toBe('/opt/the agent status');
    expect(commandOf('{mend}', { commands: { mend: 'dpkg --configure -a' } })).toBe('dpkg --configure -a');
  });
});
