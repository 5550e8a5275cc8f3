import { expect, it } from 'vitest';
import { halvesIn, lostOf } from './kept-writes.ts';
import { startManagerProgram } from './manager-program.ts';
import { openWrites } from './writes.ts';

/** Programs are started. */
const SLOW = 600_000;

it(
  'a manager that is killed in the middle of changes has all that were answered, and none by half',
  async () => {
    await using manager = await startManagerProgram();
    // A manager that is killed refuses nothing: it is not there.
    const writes = await openWrites(manager, () => false);
    for (const count of [1, 3, 8, 13, 21, undefined]) {
      const writing = writes.untilRefused();
      await (count ? writes.more(count) : writes.everyKind());
      await manager.kill();
      await writing;
      await manager.start();
      await using beside = await manager.openBeside();
      expect(await lostOf(beside.db, writes.done)).toEqual([]);
      expect(await halvesIn(beside.db)).toEqual([]);
    }
    expect(writes.unexpected).toEqual([]);
  },
  SLOW,
);
