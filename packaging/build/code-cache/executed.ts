/**
 * A program of its own: runs a bundled program, and writes which of its functions were executed when it ends, by itself or by
 * SIGUSR2. Arguments: the program's file, the file for the list, and the arguments of the program.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import process from 'node:process';
import { Script } from 'node:vm';
import type { Place } from './place.ts';

const [, , file = '', listFile = ''] = process.argv;
// As if it had been started itself: what it starts lies beside it.
process.argv.splice(1, 3, file);

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: false });

// Standard input is the program's.
process.once('SIGUSR2', () => process.exit(0));
process.once('exit', () => {
  session.post('Profiler.takePreciseCoverage', (error, coverage) => {
    const functions = coverage?.result.find((script) => script.url.endsWith(file))?.functions;
    if (!functions) throw error ?? new Error(`nothing of ${file} was executed`);
    const places = functions.flatMap(({ ranges: [whole] }): Place[] =>
      whole && whole.count > 0 ? [[whole.startOffset, whole.endOffset]] : [],
    );
    writeFileSync(listFile, JSON.stringify(places));
  });
});

const run = new Script(readFileSync(file, 'latin1'), { filename: file }).runInThisContext() as (
  require: (name: string) => unknown,
) => void;
run((name) => process.getBuiltinModule(name));
