import process from 'node:process';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { openDatabase } from '../../src/database/open.ts';

/**
 * Brings a database up to date and dies over it: `migrate-and-die.ts FILE WHEN`, which is before so many migrations are on record, or
 * `committing` or `committed`.
 */
const [file = '', when = ''] = process.argv.slice(2);
let done = 0;
const die = (): void => void process.kill(process.pid, 'SIGKILL');
const { prepare } = DatabaseSync.prototype as {
  readonly prepare: (this: DatabaseSync, text: string) => StatementSync;
};
DatabaseSync.prototype.prepare = function (text: string): StatementSync {
  const statement = prepare.call(this, text);
  const isDone = text.startsWith('insert into "kysely_migration"');
  if (!isDone && text !== 'commit') return statement;
  const run = statement.run.bind(statement);
  statement.run = (...values: never[]) => {
    if (isDone) done += 1;
    if (isDone ? String(done) === when : when === 'committing' && done > 0) die();
    const result = run(...values);
    if (!isDone && when === 'committed' && done > 0) die();
    return result;
  };
  return statement;
};
await openDatabase(file);
