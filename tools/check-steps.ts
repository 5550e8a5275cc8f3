import type { Step } from './steps.ts';

const SOURCES = ['packages', 'packaging', 'tools'];

/** dependency-cruiser exits 0 when it could not read a single module. */
function refuseEmptyCruise(output: string): string | undefined {
  const count = /\((\d+) modules/.exec(output)?.[1];
  return count === undefined || Number(count) < 50
    ? `dependency-cruiser saw ${count ?? 'no'} modules; it must see all of them`
    : undefined;
}

/** Everything a machine can check about the sources, cheapest reports first. */
export const CHECK_STEPS: readonly Step[] = [
  { name: 'types', program: 'tsc', args: ['-p', '.'] },
  { name: 'types of the page', program: 'tsc', args: ['-p', 'packages/web'] },
  { name: 'page and its budget', program: 'node', args: ['packages/web/build.ts', '.cache/page-check'] },
  { name: 'lint', program: 'oxlint', args: ['--type-aware', ...SOURCES] },
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
