import type { Logger } from '@linux-patch/runtime';
import type { Sessions } from './driver.ts';
import { troubleOf } from './failures.ts';

/** Says each reason once for as long as the database is away (sessions meet several at a time), and once that it is back. */
export function logTrouble(where: string, logger: Logger): Sessions['watch'] {
  const said = new Set<string>();
  return {
    worked() {
      if (said.size > 0) logger.info('The database answers again', { database: where });
      said.clear();
    },
    failed(error) {
      const trouble = troubleOf(where, error);
      if (trouble === undefined || said.has(trouble)) return;
      said.add(trouble);
      logger.error(`${trouble} The manager goes on when it is back`, {});
    },
  };
}
