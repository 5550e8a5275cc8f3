import { chmod, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { systemFiles } from '../node/index.ts';
import { temporaryFolder } from '../testing/index.ts';
import { addToYamlList, setYamlValue } from './edit.ts';
import { rewriteConfiguration } from './rewrite.ts';

const COMMENTED = `# Agent of host amber; owner: Ops <ops@example.org>
#   (indented comment)


server:      # where we listen
    port:   12443    # decided 2025-11-03
    bind: '0.0.0.0'
tls: { allowed_clients: [ "a",'b' ],   min_tls_version: "1.3" } # flow

enrollment:
    # the manager
    manager_url:   "https://manager.example.org:8443"     # keep

    report_ip: 10.0.0.7
    # polling_token: written by the agent
# the end
logging:
    level: info
`;
const TOKEN = 'A1b2'.repeat(16);
const PATH = ['enrollment', 'polling_token'];

describe('a value written into a YAML file', () => {
  it('changes no other line of a heavily commented file, and leaves no trace when removed', () => {
    const edited = setYamlValue(COMMENTED, PATH, TOKEN);
    const lines = edited.split('\n');
    const added = lines.indexOf(`    polling_token: ${TOKEN}`);
    expect(added).toBe(14);
    expect(lines.toSpliced(added, 1).join('\n')).toBe(COMMENTED);
    expect(setYamlValue(edited, PATH, undefined)).toBe(COMMENTED);
  });

  it.each([
    ['', `enrollment:\n  polling_token: ${TOKEN}\n`],
    ['# only a comment', `# only a comment\nenrollment:\n  polling_token: ${TOKEN}\n`],
    ['a: 1', `a: 1\nenrollment:\n  polling_token: ${TOKEN}\n`],
    ['enrollment: # x\nb: 1\n', `enrollment: # x\n  polling_token: ${TOKEN}\nb: 1\n`],
    ['enrollment:\n  polling_token:   # x\n', `enrollment:\n  polling_token: ${TOKEN}   # x\n`],
    ['enrollment: { a: "b" } # x\n', `enrollment: { a: "b", polling_token: ${TOKEN} } # x\n`],
    ['enrollment: {}\n', `enrollment: { polling_token: ${TOKEN} }\n`],
    ["enrollment:\n  polling_token: ''  # x\n", `enrollment:\n  polling_token: "${TOKEN}"  # x\n`],
    ['enrollment:\r\n  a: 1\r\nb: 2\r\n', `enrollment:\r\n  a: 1\r\n  polling_token: ${TOKEN}\r\nb: 2\r\n`],
    [
      'enrollment:\n  a: |\n    x\n\nb: 2\n',
      `enrollment:\n  a: |\n    x\n  polling_token: ${TOKEN}\n\nb: 2\n`,
    ],
    ['enrollment:\n  polling_token: old\n  a: 1\n', `enrollment:\n  polling_token: ${TOKEN}\n  a: 1\n`],
  ])('fits into %j', (text, wanted) => {
    expect(setYamlValue(text, PATH, TOKEN)).toBe(wanted);
  });

  it.each([
    ['enrollment:\n  polling_token: old # by the agent\n  a: 1\n', 'enrollment:\n  # by the agent\n  a: 1\n'],
    ['enrollment: { polling_token: old, a: 1 }\n', 'enrollment: { a: 1 }\n'],
    ['enrollment: { a: 1, polling_token: old }\n', 'enrollment: { a: 1 }\n'],
    ['enrollment:\n  a: 1\n  polling_token:\nb: 1', 'enrollment:\n  a: 1\nb: 1'],
    ['a: 1\n', 'a: 1\n'],
    ['enrollment: ~\n', 'enrollment: ~\n'],
  ])('is removed from %j', (text, wanted) => {
    expect(setYamlValue(text, PATH, undefined)).toBe(wanted);
  });

  it('means the same text again, whatever it looks like', () => {
    for (const value of [
      '123',
      '1e5',
      'true',
      'null',
      '~',
      '',
      'a: b',
      '# x',
      '-',
      "it's",
      '"',
      'a\nb',
      'fd00::1',
      '0x1f',
      ' x ',
    ]) {
      for (const text of ['a: 1\n', 'enrollment: {}\n', 'enrollment:\n  polling_token: "x"\n']) {
        expect(parse(setYamlValue(text, PATH, value))).toMatchObject({
          enrollment: { polling_token: value },
        });
      }
    }
  });

  it('keeps comments where the layout cannot be kept', () => {
    const edited = setYamlValue('# head\n? enrollment\n: ? a\n  : 1\n# tail\n', PATH, TOKEN);
    expect(parse(edited)).toEqual({ enrollment: { a: 1, polling_token: TOKEN } });
    expect(edited).toContain('# head');
    expect(edited).toContain('# tail');
  });

  it.each([
    'a: [',
    'enrollment: words\n',
    '- list\n',
    'enrollment: { polling_token: [x] }\n',
    'a: 1\na: 2\n',
  ])('is refused in %j, which a person must mend first', (text) => {
    expect(() => setYamlValue(text, PATH, TOKEN)).toThrow(/cannot be changed by the program/);
  });
});

describe('an entry added to a YAML list', () => {
  it.each([
    ['', 'entries:\n  - 10.0.0.9\n'],
    ['entries:\n  # - 10.0.0.1\n', 'entries:\n  - 10.0.0.9\n  # - 10.0.0.1\n'],
    ['entries: []\n', 'entries: [10.0.0.9]\n'],
    ['entries: [ "a" ] # x\n', 'entries: [ "a", 10.0.0.9 ] # x\n'],
    ['entries:\n- a # x\n# - b\n', 'entries:\n- a # x\n- 10.0.0.9\n# - b\n'],
    ['entries:\n   -  a\nother: 1\n', 'entries:\n   -  a\n   -  10.0.0.9\nother: 1\n'],
    ['other: 1\n', 'other: 1\nentries:\n  - 10.0.0.9\n'],
  ])('fits into %j', (text, wanted) => {
    const edited = addToYamlList(text, ['entries'], '10.0.0.9');
    expect(edited).toBe(wanted);
    expect(addToYamlList(edited, ['entries'], '10.0.0.9')).toBe(edited);
  });

  it('is refused where there is no list', () => {
    expect(() => addToYamlList('entries: words\n', ['entries'], 'a')).toThrow(/no list/);
  });
});

describe('a rewritten configuration file', () => {
  it('keeps its mode and stays the link it was', async () => {
    await using folder = await temporaryFolder();
    const [real, link] = [join(folder.path, 'real.yaml'), join(folder.path, 'config.yaml')];
    await writeFile(real, 'a: 1\n');
    await chmod(real, 0o604);
    await symlink('real.yaml', link);
    const edit = (text: string): string => `${text}b: 2\n`;
    await rewriteConfiguration({ files: systemFiles, path: link, edit });
    expect(await readFile(real, 'utf8')).toBe('a: 1\nb: 2\n');
    expect((await stat(real)).mode & 0o777).toBe(0o604);
    expect(await readlink(link)).toBe('real.yaml');
  });

  it('is never written back cut', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'config.yaml');
    await writeFile(path, `# ${'x'.repeat(1024 * 1024)}\n`);
    await expect(rewriteConfiguration({ files: systemFiles, path, edit: () => '' })).rejects.toThrow(/1 MiB/);
    expect((await stat(path)).size).toBe(1024 * 1024 + 3);
  });
});
