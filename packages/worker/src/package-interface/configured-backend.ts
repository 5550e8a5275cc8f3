import { lazily, messageOf, PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import { z } from 'zod';
import { BACKENDS } from './backends.ts';

/** What `package_manager.backend` may say. */
export const CONFIGURED_BACKENDS = ['auto', ...BACKENDS] as const;
export type ConfiguredBackend = (typeof CONFIGURED_BACKENDS)[number];

/** What of `config.yaml` names the package manager; the agent looks at the rest. */
const BackendKeys = lazily(() =>
  z.object({
    package_manager: z.object({ backend: z.enum(CONFIGURED_BACKENDS).default('auto') }).prefault({}),
  }),
);

/**
 * Which package manager root has chosen, as the file says it now.
 * @param path `config.yaml`
 * @throws PatchError `SERVICE_UNHEALTHY` for a file that cannot be read: another package manager than the chosen one would
 *   know other packages
 */
export async function readConfiguredBackend(files: Files, path: string): Promise<ConfiguredBackend> {
  try {
    const { value } = await readConfiguration({ files, path, schema: BackendKeys, required: false });
    return value.package_manager.backend;
  } catch (cause) {
    const message = `Which package manager counts on this host is not known until its configuration is mended: ${messageOf(cause)}`;
    throw new PatchError('SERVICE_UNHEALTHY', message, { cause });
  }
}
