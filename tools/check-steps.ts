import type { Step } from './steps.ts';

export const SOURCES = ['packages', 'packaging', 'tools'];

/** dependency-cruiser exits 0 when it could not read a single module. */
function refuseEmptyCruise(output: string): string | undefined {
  const count = /\((\d+) modules/.exec(output)?.[1];
  return count === undefined || Number(count) < 50
    ? `dependency-cruiser saw ${count ?? 'no'} modules; it must see all of them`
    : undefined;
}

/**
 * The steps run side by side, one for each core. Programs in Go that share a step out among threads do much of it once in
 * each thread, and collect their garbage while they still grow: that is twice the work (pkg.go.dev/runtime).
 */
const IN_ONE_THREAD = { GOMAXPROCS: '1', GOGC: '400' };

/** Everything a machine can check about the sources, cheapest reports first. */
export const CHECK_STEPS: readonly Step[] = [
  { name: 'types', program: 'tsc', args: ['-p', '.', '--singleThreaded'], env: IN_ONE_THREAD },
  {
    name: 'types of the page',
    program: 'tsc',
    args: ['-p', 'packages/web', '--singleThreaded'],
    env: IN_ONE_THREAD,
  },
  { name: 'page and its budget', program: 'node', args: ['packages/web/build.ts', '.cache/page-check'] },
  { name: 'lint', program: 'oxlint', args: ['--type-aware', ...SOURCES], env: IN_ONE_THREAD },
  { name: 'format', program: 'biome', args: ['check', '.'] },
  {
    name: 'import law',
    program: 'depcruise',
    args: ['--config', '.dependency-cruiser.mjs', 'packages'],
    judge: refuseEmptyCruise,
  },
  { name: 'dead code', program: 'knip', args: ['--no-progress'] },
  {
    name: 'code that only tests use',
    program: 'knip',
    args: ['--production', '--no-progress', '--config', 'knip.production.json'],
  },
  { name: 'width of options', program: 'node', args: ['tools/wide-options.ts'] },
  { name: 'spread of contexts', program: 'node', args: ['tools/spread-contexts.ts'] },
  { name: 'names in the docs', program: 'node', args: ['tools/docs-names.ts'] },
  { name: 'generated docs', program: 'node', args: ['tools/gen/main.ts', '--check'] },
];
