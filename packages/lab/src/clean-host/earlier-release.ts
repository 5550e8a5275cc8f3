import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../checkout.ts';
import { must, runProgram } from '../process.ts';

/** The release that hosts are upgraded from. */
const EARLIER = '1.2.0';

/**
 * The agent's packages of an earlier release, built by that release's own builder from its commit and kept in the cache: a
 * commit never changes. Resolves to their folder.
 */
export async function buildEarlierAgent(): Promise<string> {
  const cache = join(REPOSITORY, '.cache/releases');
  const kept = join(cache, EARLIER);
  if ((await runProgram('test', ['-d', kept])).exitCode === 0) return kept;
  const list = await readFile(join(REPOSITORY, 'packaging/releases.json'), 'utf8');
  const commit = (JSON.parse(list) as Record<string, string>)[EARLIER];
  if (commit === undefined)
    throw new Error(`packaging/releases.json does not say what ${EARLIER} is built from`);
  await mkdir(cache, { recursive: true });
  const tree = await mkdtemp(join(cache, 'building-'));
  const out = join(tree, 'dist');
  const unpack = 'git -C "$1" archive "$2" | tar -x -C "$3"';
  must(
    await runProgram('bash', ['-o', 'pipefail', '-ec', unpack, 'sh', REPOSITORY, commit, tree]),
    'git archive',
  );
  // Its own packages of its own lock file: what was released is what is upgraded.
  const builder = ['tools/run.sh', 'packaging/build/main.ts', '--fast', '--arch', 'amd64', '--out', out];
  const agent = ['--program', 'linux-patch-api', '--format', 'deb,rpm,pacman'];
  must(await runProgram('sh', [...builder, ...agent], { cwd: tree }), `building ${EARLIER}`);
  await rename(out, kept);
  await rm(tree, { recursive: true, force: true });
  return kept;
}
