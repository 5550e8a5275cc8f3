import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { overBudget } from './budget.ts';

/** A page that was built. */
export interface BuiltPage {
  readonly folder: string;
  /** What a browser loads before it shows anything, compressed. */
  readonly initialBytes: number;
  /** Absolute paths of what it is made of. */
  readonly modulePaths: readonly string[];
}

/** Builds it, and says of what it was made. */
async function bundle(folder: string): Promise<string[]> {
  // Vite takes over what is set, and a run of tests sets it: React with its checks for developers is half as fast.
  using stack = new DisposableStack();
  const { NODE_ENV: before } = process.env;
  stack.defer(() => (before === undefined ? delete process.env.NODE_ENV : (process.env.NODE_ENV = before)));
  process.env.NODE_ENV = 'production';
  const paths = new Set<string>();
  await build({
    configFile: join(import.meta.dirname, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: folder },
    plugins: [
      {
        name: 'note-modules',
        generateBundle(_options, files) {
          for (const file of Object.values(files))
            if (file.type === 'chunk') for (const path of Object.keys(file.modules)) paths.add(path);
        },
      },
    ],
  });
  return [...paths].filter((path) => path.startsWith('/')).map((path) => path.replace(/\?.*$/, ''));
}

/**
 * Builds the page into a folder, each file compressed, as the manager serves it.
 * @throws when it is larger than people should wait for
 */
export async function buildPage(folder: string): Promise<BuiltPage> {
  const modulePaths = await bundle(folder);
  const index = readFileSync(join(folder, 'index.html'), 'utf8');
  const sizes = new Map<string, number>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:css|html|js|svg)$/.test(name)) continue;
    const path = join(folder, name);
    const compressed = gzipSync(readFileSync(path), { level: 9 });
    writeFileSync(`${path}.gz`, compressed);
    rmSync(path);
    sizes.set(name, compressed.length);
  }
  const { initialBytes, faults } = overBudget(index, sizes);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return { folder, initialBytes, modulePaths };
}
