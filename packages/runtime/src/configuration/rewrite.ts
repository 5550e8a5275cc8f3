import { dirname, resolve } from 'node:path';
import type { Files } from '../files.ts';
import { fileFault } from './faults.ts';
import { readConfigurationText } from './read.ts';

/** Links in a row that are followed; more is a circle. */
const MAX_LINKS = 8;

/** The file behind symbolic links, so that a link made by configuration management stays a link. */
async function targetOf(files: Files, path: string): Promise<string> {
  let target = path;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    if ((await files.facts(target))?.kind !== 'link') return target;
    const next = await files.readLink(target);
    if (next === undefined) return target;
    target = resolve(dirname(target), next);
  }
  throw fileFault(path, 'is a circle of symbolic links.');
}

/**
 * Changes a configuration file in one durable step that keeps its mode, owner and links. Nothing is written when the
 * text stays the same.
 * @param options.edit Gets the text, returns the new one.
 * @param options.modeFrom The mode the file shall have, from the mode it has; absent keeps it.
 * @returns whether the text changed.
 * @throws PatchError `CONFIG_INVALID` when the file does not exist or cannot be read; Node's error when it cannot be written.
 */
export async function rewriteConfiguration(options: {
  readonly files: Files;
  readonly path: string;
  readonly edit: (text: string) => string;
  readonly modeFrom?: (mode: number) => number;
}): Promise<boolean> {
  const { files, path, edit, modeFrom = (mode) => mode } = options;
  const target = await targetOf(files, path);
  const text = await readConfigurationText(files, target);
  const facts = await files.facts(target);
  if (text === undefined || facts === undefined) throw fileFault(path, 'does not exist.');
  const data = edit(text);
  const mode = modeFrom(facts.mode);
  if (data !== text) {
    await files.writeDurably({ path: target, data, mode, owner: { uid: facts.uid, gid: facts.gid } });
  } else if (mode !== facts.mode) {
    await files.setMode(target, mode);
  }
  return data !== text;
}
