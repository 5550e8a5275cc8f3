import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../../checkout.ts';
import { runProgram } from '../../process.ts';
import type { AttackCase } from '../attack-case.ts';

const HOSTILE = [
  'https://m.test"\n  ca_file: "/tmp/evil.pem',
  'https://m.test\nserver:\n  bind: 0.0.0.0',
  'https://m.test"\ntls: { enabled: false }\nx: "',
  'https://m.test\\"\n  trust: tofu #',
  'https://[::1]\\"\n  trust: tofu #',
  'https://[::1]x]:1',
  'https://m.test\r\nenrollment: { trust: tofu }',
  'https://m.test, trust: tofu',
  'https://$(touch${IFS}/tmp/owned)',
];

export const INSTALL_URL: AttackCase = {
  name: 'c9-install-url',
  tried:
    'LINUX_PATCH_MANAGER_URL with quotes, backslashes, brackets and line breaks at the installation of the package, in dash and bash.',
  now: 'The configuration stays as it was, octet by octet; the value is not repeated.',
  async run(world) {
    const file = join(world.folder, 'config.yaml');
    const before = '# the administrator wrote this\n';
    const functions = join(REPOSITORY, 'packaging/agent/functions.sh');
    for (const shell of ['dash', 'bash']) {
      for (const url of HOSTILE) {
        await writeFile(file, before);
        const line = '. "$1"; CONFIG=$2; configure_url';
        const done = await runProgram(shell, ['-euc', line, shell, functions, world.folder], {
          env: { LINUX_PATCH_MANAGER_URL: url },
        });
        const after = await readFile(file, 'utf8');
        if (after !== before)
          throw new Error(`${shell} wrote ${JSON.stringify(after)} for ${JSON.stringify(url)}`);
        if ((done.stdout + done.stderr).includes('evil')) throw new Error(`${shell} repeats the value`);
      }
    }
    return `${HOSTILE.length} values in two shells, none written`;
  },
};
