/**
 * A program of its own: compiles a bundled program with some of its functions, without running any, and writes the code
 * cache. Arguments: the program's file, the file with the functions' places, the file for the cache.
 *
 * The engine compiles a function when it is called first, and counts functions in the order in which it meets them, so that
 * a cache of a program that ran depends on what came first. Here they are compiled in the order of the text.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Debugger, Session } from 'node:inspector';
import { basename } from 'node:path';
import process from 'node:process';
import { Script } from 'node:vm';
import type { Place } from './place.ts';

const [, , file = '', listFile = '', cacheFile = ''] = process.argv;
const text = readFileSync(file, 'latin1');
// Its name is part of the cache, and the folder is another in every build.
const filename = basename(file);
const script = new Script(text, { filename });

const session = new Session();
session.connect();
let scriptId = '';
session.on('Debugger.scriptParsed', ({ params }) => {
  if (params.url.endsWith(filename)) ({ scriptId } = params);
});
session.post('Debugger.enable');
// Gives the function that the whole program is, and does not call it.
script.runInThisContext();
if (scriptId === '') throw new Error(`the engine does not tell of ${filename}`);

/** Where each line begins. */
const lines = [0, ...Array.from(text.matchAll(/\n/g), (end) => end.index + 1)];

function location(offset: number): Debugger.Location {
  const lineNumber = lines.findLastIndex((start) => start <= offset);
  return { scriptId, lineNumber, columnNumber: offset - (lines[lineNumber] ?? 0) };
}

for (const [, end] of JSON.parse(readFileSync(listFile, 'utf8')) as Place[]) {
  // To say where a debugger could stop in a function, it has to be compiled.
  const wanted = { start: location(end - 1), end: location(end), restrictToFunction: true };
  session.post('Debugger.getPossibleBreakpoints', wanted, (error) => {
    if (error) throw error;
  });
}
session.disconnect();
writeFileSync(cacheFile, script.createCachedData());
