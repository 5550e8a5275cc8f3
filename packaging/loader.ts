import { crc32 } from 'node:zlib';

/** The files of a program beside its Node. */
export interface ProgramFiles {
  /** What is started: a few lines, which load the program. */
  readonly loader: string;
  readonly program: string;
  /** What the engine made of the program when the package was built. */
  readonly codeCache: string;
  /** The program as people can read it. */
  readonly readable: string;
  /** Where in the readable program each place of the program is. */
  readonly sourceMap: string;
}

export function programFiles(name: string): ProgramFiles {
  return {
    loader: `${name}.cjs`,
    program: `${name}.js`,
    codeCache: `${name}.cache`,
    readable: `${name}.readable.js`,
    sourceMap: `${name}.js.map`,
  };
}

/**
 * The script that loads a program. The engine looks at the length of a program alone before it believes a code cache, and
 * at nothing of the cache itself, so the loader compares both with what was built: an edited program runs as it is edited,
 * and a damaged cache costs the time that it would have saved.
 *
 * @param codeCache undefined when there is none
 */
export function loader(name: string, program: string, codeCache: Uint8Array | undefined): string {
  const files = programFiles(name);
  const checksum = codeCache && crc32(codeCache, crc32(program));
  return `'use strict';
// Starts ${files.program}, which is ${files.readable} with little space. What the JavaScript engine made of it when the
// package was built is in ${files.codeCache}, so that it need not be compiled at every start; it is used only while both are as they were
// built. ${files.sourceMap} has the place in the readable program for each place that a stack trace names.
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');
const { crc32 } = require('node:zlib');

// CRC-32 of both; whoever may write here may write anything.
const BUILT = ${checksum};

function readCache(program) {
  try {
    const cache = readFileSync(\`\${__dirname}/${files.codeCache}\`);
    return crc32(cache, crc32(program)) === BUILT ? cache : undefined;
  } catch {
    return undefined;
  }
}

function load() {
  const filename = \`\${__dirname}/${files.program}\`;
  const program = readFileSync(filename);
  const script = new Script(program.toString('latin1'), { filename, cachedData: readCache(program) });
  return script.runInThisContext();
}

// What is not part of Node is not loaded, wherever it lies.
function requireBuiltIn(name) {
  const found = process.getBuiltinModule(name);
  if (found) return found;
  throw Object.assign(new Error(\`There is no module \${name}\`), { code: 'MODULE_NOT_FOUND' });
}

load()(requireBuiltIn);
`;
}
