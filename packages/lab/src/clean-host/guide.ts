import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../checkout.ts';
import type { LabHost } from '../hosts/host.ts';

const GUIDE = join(REPOSITORY, 'DEPLOYMENT_GUIDE.md');

/** The code that the guide shows as an example. */
export const EXAMPLE_CODE = 'K7GQ-4K2M-XR0P-9TAD';

/** Blocks of commands in the deployment guide that are marked `<!-- run: NAME -->`, by name. */
export async function guideBlocks(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(GUIDE, 'utf8');
  const blocks = [...text.matchAll(/^<!-- run: (\S+) -->\n```sh\n([\s\S]*?)^```$/gm)];
  const marks = text.match(/<!-- run: /g) ?? [];
  if (blocks.length !== marks.length)
    throw new Error(`${GUIDE} has a mark without a block of commands below it`);
  return new Map(blocks.map(([, name = '', script = '']) => [name, script]));
}

/** Runs a block of the guide on a host as it stands there, in a folder that has the packages. */
export async function runGuideBlock(
  host: LabHost,
  name: string,
  replaced: Readonly<Record<string, string>> = {},
): Promise<string> {
  const block = (await guideBlocks()).get(name);
  if (block === undefined) throw new Error(`${GUIDE} has no block ${name}`);
  const script = Object.entries(replaced).reduce((text, [from, to]) => text.replaceAll(from, to), block);
  const folder = '/root/packages';
  await host.must('mkdir', ['-p', folder]);
  await host.must('sh', ['-c', `ln -sf /srv/packages/* /srv/repository/pool/ready/* ${folder}/`]);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  return host.must('sh', ['-ec', `cd ${folder}\n${script}`], { env });
}

/** Gives hosts the names that the guide uses: `patch.example.org`, `web1.example.org` and so on. */
export async function useGuideNames(hosts: Readonly<Record<string, LabHost>>): Promise<void> {
  const lines = Object.entries(hosts).map(([name, host]) => `${host.address} ${name}.example.org ${name}`);
  for (const [name, host] of Object.entries(hosts)) {
    await writeFile(join(host.disk, 'etc/hosts'), ['127.0.0.1 localhost', ...lines, ''].join('\n'));
    await writeFile(join(host.disk, 'etc/hostname'), `${name}\n`);
    await host.must('hostname', [name]);
  }
}
