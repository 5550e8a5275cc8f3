import { join } from 'node:path';
import { lazily, MINUTE_MS, messageOf } from '@linux-patch/contract';
import { type Files, findOpenPlace } from '@linux-patch/runtime';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import { z } from 'zod';

/** How jobs are done on this host, as its root has written it. */
export interface JobSettings {
  /** `package_manager.require_all_sources`. */
  readonly requireAllSources: boolean;
  /** `jobs.timeout_minutes`: after so long the programs of a job are ended. */
  readonly timeoutMs: number;
  /** `jobs.storage_path`, where releases before this one left what their jobs had begun. */
  readonly storagePath: string;
  /** Why the file is not gone by; then the strictest counts. */
  readonly fault?: string;
}

const TIMEOUT_MINUTES = 30;
const LONGEST_MINUTES = 10_080;

/** What of `config.yaml` is about jobs; the agent looks at the rest. */
const JobKeys = lazily(() =>
  z.object({
    jobs: z
      .object({
        timeout_minutes: z.int().min(1).max(LONGEST_MINUTES).default(TIMEOUT_MINUTES),
        storage_path: z.string().min(1).max(4_096).optional(),
      })
      .prefault({}),
    package_manager: z.object({ require_all_sources: z.boolean().default(false) }).prefault({}),
  }),
);

/** Reads them as they are now. Never throws. */
export async function readJobSettings(options: {
  readonly files: Files;
  readonly root: string;
  /** `config.yaml` */
  readonly path: string;
}): Promise<JobSettings> {
  const { files, root, path } = options;
  const usualPath = join(root, 'var/lib/linux_patch_api/jobs');
  try {
    const [open] = await findOpenPlace({ files, path });
    if (open !== undefined) throw new Error(open);
    const { value } = await readConfiguration({ files, path, schema: JobKeys, required: false });
    const { jobs, package_manager: manager } = value;
    return {
      requireAllSources: manager.require_all_sources,
      timeoutMs: jobs.timeout_minutes * MINUTE_MS,
      storagePath: jobs.storage_path ?? usualPath,
    };
  } catch (error) {
    const fault = `${messageOf(error)}; until that is mended, updates are applied only when every source could be refreshed, and a job may run ${TIMEOUT_MINUTES} minutes`;
    return {
      requireAllSources: true,
      timeoutMs: TIMEOUT_MINUTES * MINUTE_MS,
      storagePath: usualPath,
      fault,
    };
  }
}
