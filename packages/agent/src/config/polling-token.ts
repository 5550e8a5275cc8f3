import type { Files } from '@linux-patch/runtime';
import { rewriteConfiguration, setYamlValue } from '@linux-patch/runtime/configuration';

const KEY = ['enrollment', 'polling_token'];

/** A file that others may read must not hold the token: then 0640 at most, else the mode as it is. */
function withoutOthers(mode: number): number {
  return (mode & 0o007) === 0 ? mode : mode & 0o640;
}

/**
 * Writes the token into `config.yaml` in one durable step. Every other line, the owner and symbolic links stay; the mode
 * stays too, unless others than owner and group could use the file: then it is narrowed to at most 0640, because the
 * token is a bearer credential.
 * @throws PatchError `CONFIG_INVALID` when the file does not exist or cannot be edited; Node's error when it cannot be written.
 */
export async function savePollingToken(options: {
  readonly files: Files;
  readonly path: string;
  readonly token: string;
}): Promise<void> {
  const { files, path, token } = options;
  await rewriteConfiguration({
    files,
    path,
    edit: (text) => setYamlValue(text, KEY, token),
    modeFrom: withoutOthers,
  });
}

/** Removes the token from `config.yaml`, as `savePollingToken` wrote it; nothing is written when there is none. */
export async function clearPollingToken(options: {
  readonly files: Files;
  readonly path: string;
}): Promise<void> {
  await rewriteConfiguration({ ...options, edit: (text) => setYamlValue(text, KEY, undefined) });
}
