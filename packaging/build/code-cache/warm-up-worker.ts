import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createPrivateAptRoot } from '../../../packages/lab/src/apt/private-root.ts';
import type { WarmUp } from './make.ts';

interface ToyPackage {
  readonly name: string;
  readonly version: string;
}

const INSTALLED: readonly ToyPackage[] = [
  { name: 'warm-up-current', version: '1:2.3~rc1-2+deb12u1' },
  { name: 'warm-up-secured', version: '1.0-1' },
  { name: 'warm-up-updated', version: '1.0-1' },
];

/** What a source offers, by the name of its suite. */
const OFFERED: Readonly<Record<string, readonly ToyPackage[]>> = {
  stable: [
    { name: 'warm-up-current', version: '1:2.3~rc1-2+deb12u1' },
    { name: 'warm-up-updated', version: '1.2-1' },
  ],
  'stable-security': [{ name: 'warm-up-secured', version: '1.0-1+deb12u1' }],
};

function paragraphs(packages: readonly ToyPackage[], more: readonly string[]): string {
  const fields = [
    'Architecture: all',
    'Maintainer: Nobody <nobody@build.test>',
    'Installed-Size: 12',
    ...more,
  ];
  return packages
    .map(({ name, version }) =>
      [`Package: ${name}`, `Version: ${version}`, ...fields, `Description: ${name}`, '', ''].join('\n'),
    )
    .join('');
}

/** A host with packages and lists of two sources, of which updates wait; its files are all that apt is asked about. */
async function makeHost(root: string): Promise<void> {
  const repository = { uri: 'file:/nowhere', suites: ['none'], keyringPath: '/nowhere' };
  const apt = await createPrivateAptRoot({ folder: root, repository });
  const { stdout } = await apt.run('dpkg', ['--print-architecture']);
  rmSync(join(root, 'etc/apt/sources.list.d/lab.sources'));
  writeFileSync(
    join(root, 'var/lib/dpkg/status'),
    paragraphs(INSTALLED, ['Status: install ok installed', 'Source: warm-up (1.0-1)']),
  );
  const suites = Object.keys(OFFERED);
  const lines = suites.map((suite) => `deb [trusted=yes] file:/nowhere ${suite} main\n`);
  writeFileSync(join(root, 'etc/apt/sources.list'), lines.join(''));
  for (const [suite, packages] of Object.entries(OFFERED)) {
    const list = join(root, `var/lib/apt/lists/_nowhere_dists_${suite}`);
    const words = [`Suite: ${suite}`, `Codename: ${suite}`, 'Date: Thu, 01 Jan 2026 00:00:00 UTC', ''];
    writeFileSync(`${list}_Release`, ['Origin: Warm-up', 'Label: Warm-up', ...words].join('\n'));
    const more = ['Filename: none.deb', 'Size: 1000', `SHA256: ${'0'.repeat(64)}`];
    writeFileSync(`${list}_main_binary-${stdout.trim()}_Packages`, paragraphs(packages, more));
  }
}

/** A reading of packages, from the request to the answer. */
export const warmUpWorker: WarmUp = async ({ start, root }) => {
  await makeHost(root);
  const worker = start(['request', '--root', root]);
  const ended = once(worker, 'exit');
  worker.stdin.end('{"v":1,"op":"snapshot","explain":false}\n');
  const [answer, said] = await Promise.all([text(worker.stdout), text(worker.stderr)]);
  await ended;
  if (!answer.includes('1.0-1+deb12u1') || !answer.includes('1.2-1'))
    throw new Error(`the worker did not see the updates of its host: ${answer}\n${said}`);
};
