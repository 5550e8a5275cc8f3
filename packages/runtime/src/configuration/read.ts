import { messageOf } from '@linux-patch/contract';
import type { z } from 'zod';
import type { Files } from '../files.ts';
import { fileFault } from './faults.ts';
import {
  type CheckedConfiguration,
  type ConfigurationOptions,
  checkConfiguration,
  MAX_CONFIGURATION_BYTES,
  refuseForeign,
} from './parse.ts';

/**
 * The text of a configuration file; undefined when it does not exist.
 * @throws PatchError `CONFIG_INVALID` when it exists and cannot be read, is larger than 1 MiB, or is UTF-16.
 */
export async function readConfigurationText(files: Files, path: string): Promise<string | undefined> {
  // One byte more than allowed, so that a file that is too large is seen and refused, never cut.
  const text = await files.readTextLimited(path, MAX_CONFIGURATION_BYTES + 1).catch((error: unknown) => {
    throw fileFault(path, `cannot be read: ${messageOf(error)}`, 'unreadable_file', error);
  });
  if (text !== undefined) refuseForeign(text, path);
  return text;
}

export interface ReadConfiguration<S extends z.ZodType> extends ConfigurationOptions<z.output<S>> {
  readonly files: Files;
  readonly path: string;
  readonly schema: S;
  /** Whether an absent file is a fault; otherwise it is an empty configuration. */
  readonly required: boolean;
  /** What to do about an absent file, added to the fault. */
  readonly advice?: string;
}

/**
 * Reads a configuration file; see `checkConfiguration` for what comes back.
 * @throws PatchError `CONFIG_INVALID` with every fault.
 */
export async function readConfiguration<S extends z.ZodType>(
  options: ReadConfiguration<S>,
): Promise<CheckedConfiguration<z.output<S>>> {
  const { files, path, schema, required, advice } = options;
  const text = await readConfigurationText(files, path);
  if (text === undefined && required) {
    const words = ['does not exist.', ...(advice === undefined ? [] : [advice])].join(' ');
    throw fileFault(path, words, 'missing_file');
  }
  return checkConfiguration(schema, text ?? '', path, options);
}
