import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/config/load.ts';

const FUNCTIONS = join(import.meta.dirname, '../../../../packaging/agent/functions.sh');
const LINE = '. "$1"; CONFIG=$2; configure_url';
const BEFORE = '# the administrator wrote this\n';

/** What the maintainer script of a package makes of the variable, in a real shell. */
async function install(shell: string, url: string): Promise<string> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'config.yaml');
  await writeFile(file, BEFORE);
  await promisify(execFile)(shell, ['-euc', LINE, shell, FUNCTIONS, folder.path], {
    // What the script names its own variables may be there already.
    env: {
      PATH: process.env.PATH,
      LINUX_PATCH_MANAGER_URL: url,
      name: 'x',
      address: 'x',
      port: ':1',
      host: 'x',
    },
  });
  const text = await readFile(file, 'utf8');
  if (text !== BEFORE) {
    await loadAgentConfig({ files: systemFiles, path: file, root: folder.path, environment: {} });
  }
  return text.slice(BEFORE.length);
}

const GOOD = [
  'https://manager.example.org',
  'https://manager.example.org/',
  'https://manager.example.org:8443',
  'https://patch-1.example.org:8443/api/v1',
  'https://m.test/api/v1/enroll/',
  'https://192.0.2.1:8443',
  'https://[2001:db8::1]',
  'https://[2001:db8::1]:8443/',
];

const HOSTILE = [
  'https://m.test"\n  ca_file: "/tmp/evil.pem',
  'https://m.test\nserver:\n  bind: 0.0.0.0',
  'https://m.test"\ntls: { enabled: false }\nx: "',
  'https://m.test\n',
  'https://m.test\r\nx: y',
  'https://m.test" #',
  'https://m.test"',
  'https://m.test\\',
  'https://m.test\\n',
  'https://m.test\\"',
  'https://m.test\t',
  'https://m.test x',
  "https://m.test'",
  'https://m.test, trust: tofu',
  'https://m.test}',
  'https://[::1]\\"\n',
  'https://[::1]x]:1',
  'https://[::1',
  'https://[]',
  'https://[::1]:',
  'https://[::1]8443',
  'https://m.test]',
  'https://m.test:8443:1',
  'https://m.test:x',
  'https://m.test:123456',
  'https://user:secret@m.test',
  'https://m.test/patch',
  'https://m.test?x',
  'https://m.test#x',
  'https://m.test%0a',
  'https://m.test*',
  'https://$(id)',
  'https://`id`',
  'https://mänager.test',
  'https://m.test\u0085x',
  'https://-m.test',
  'https://',
  'http://',
  'ftp://m.test',
  'm.test',
  '"',
];

describe.each(['dash', 'bash'])('LINUX_PATCH_MANAGER_URL at the installation, by %s,', (shell) => {
  it.each(GOOD)('%j is written down', async (url) => {
    expect(await install(shell, url)).toBe(`\nenrollment:\n  manager_url: "${url}"\n`);
  });

  it.each(HOSTILE)('%j changes nothing', async (url) => {
    expect(await install(shell, url)).toBe('');
  });
});
