import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { buildInto, unpackDeb } from '../../../../packaging/test/built.ts';

/** The agent as its package has it, unpacked. */
export interface PackagedAgent {
  readonly node: string;
  /** What starts it: program and arguments. */
  readonly command: readonly string[];
  /** What the unit adds to the environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Settings of a unit that name variables (systemd.exec(5)). */
function environmentOf(unit: string): Record<string, string> {
  const settings = [...unit.matchAll(/^Environment=(.*)$/gm)].flatMap(([, words = '']) => words.split(' '));
  return Object.fromEntries(
    settings.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
}

/** Builds the agent's package for this machine, and unpacks it. */
export async function unpackAgent(folder: string): Promise<PackagedAgent> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const name = 'linux-patch-api';
  buildInto(folder, ['--program', name, '--arch', architecture, '--format', 'deb']);
  const tree = unpackDeb(folder, name, architecture);
  const library = join(tree, 'usr/lib', name);
  const node = join(library, 'node');
  const unit = await readFile(join(tree, `usr/lib/systemd/system/${name}.service`), 'utf8');
  return {
    node,
    command: [node, '--disable-sigusr1', join(library, `${name}.cjs`)],
    environment: environmentOf(unit),
  };
}
