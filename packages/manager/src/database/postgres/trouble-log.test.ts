import { PatchError } from '@linux-patch/contract';
import { memoryLogger } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { logTrouble } from './trouble-log.ts';

function away(why: string): PatchError {
  return new PatchError('DATABASE_UNAVAILABLE', 'away', { cause: new PatchError('CONFIG_INVALID', why) });
}

it('a database that is away is said once for each reason, however many sessions meet them in turn, and its return once', () => {
  const logger = memoryLogger();
  const log = logTrouble('postgresql://db/fleet', logger);
  for (const why of ['It stops.', 'Nobody listens.', 'It stops.', 'Nobody listens.']) log.failed(away(why));
  log.failed(new Error('a statement of ours is wrong'));
  log.worked();
  log.worked();
  log.failed(away('It stops.'));
  expect(logger.records.map((one) => one.message)).toEqual([
    'It stops. The manager goes on when it is back',
    'Nobody listens. The manager goes on when it is back',
    'The database answers again',
    'It stops. The manager goes on when it is back',
  ]);
});
