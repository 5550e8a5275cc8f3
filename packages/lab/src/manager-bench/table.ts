import type { Asked } from './questions.ts';
import type { Written } from './writes.ts';

interface Measured {
  readonly asked: readonly Asked[];
  readonly written: Written;
}

const WIDTH = 38;
const cell = (value: number): string => value.toFixed(value < 10 ? 1 : 0).padStart(9);

/** Both kinds side by side: 95th percentiles of questions, then what writing costs. */
export function table(sqlite: Measured, postgres: Measured): string[] {
  const rows = sqlite.asked.map((one, index) => {
    const other = postgres.asked[index];
    const cells = [one.p95Ms, other?.p95Ms ?? 0, one.lagP99Ms, other?.lagP99Ms ?? 0].map(cell);
    return `${one.what.padEnd(WIDTH)}${cells.join('')}`;
  });
  const wrote = (what: string, of: (written: Written) => number): string =>
    `${what.padEnd(WIDTH)}${cell(of(sqlite.written))}${cell(of(postgres.written))}`;
  return [
    `${'p95, ms; event loop at p99, ms'.padEnd(WIDTH)}   SQLite PostgreSQL  loop   loop`,
    ...rows,
    wrote('the whole fleet written, s', ({ fleetSeconds }) => fleetSeconds),
    wrote('index ready after a start, ms', ({ indexMs }) => indexMs),
    wrote('changed inventories kept a second', ({ changesPerSecond }) => changesPerSecond),
    wrote('memory of this program, MB', ({ memoryMegabytes }) => memoryMegabytes),
  ];
}
