import { join } from 'node:path';
import { lazily, PatchError } from '@linux-patch/contract';
import { type Files, findOpenWay } from '@linux-patch/runtime';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import { z } from 'zod';

/** Files of root that the agent goes by, below the root. */
const KNOWN = [
  'etc/linux_patch_api/config.yaml',
  'etc/linux_patch_api/whitelist.yaml',
  'etc/linux_patch_api/policy.yaml',
  'etc/linux_patch_api/join',
  // By which a copy of the host is noticed.
  'sys/class/dmi/id/product_uuid',
];

const Path = lazily(() => z.string().min(1).max(4_096).optional());

/** What of `config.yaml` names files that root gives to the agent; the agent looks at the rest. */
const NamedFiles = lazily(() =>
  z.object({
    enrollment: z.object({ join_file: Path, ca_file: Path }).prefault({}),
    whitelist: z.object({ path: Path }).prefault({}),
    tls: z.object({ ca_cert: Path, server_cert: Path, server_key: Path, crl_path: Path }).prefault({}),
  }),
);

/** One byte more than a configuration may have, so that one that is too large is seen. */
const LIMIT_BYTES = 1024 * 1024 + 1;

/** Null where there is none. */
export const RootsFileAnswer = lazily(() => z.strictObject({ text: z.string().max(LIMIT_BYTES).nullable() }));

interface AskedHost {
  readonly root: string;
  readonly files: Files;
  /** `config.yaml` */
  readonly configFile: string;
}

/**
 * Reads out a file that the agent goes by and may not read: whoever writes one may give it a mode that keeps the agent's user
 * out. Whatever else is root's alone stays so, and what lies where somebody else could lay a link is not read at all.
 * @throws PatchError `FORBIDDEN` for another one
 */
export async function readRootsFile(
  { root, files, configFile }: AskedHost,
  path: string,
): Promise<z.output<typeof RootsFileAnswer>> {
  const isKnown = KNOWN.some((one) => join(root, one) === path);
  if (!isKnown && !(await namedFiles(files, configFile)).includes(path))
    throw forbidden(`${path} is no file that the configuration of the agent names`);
  const [open] = isKnown ? [] : await findOpenWay({ files, path });
  if (open !== undefined) throw forbidden(open);
  return { text: (await files.readTextLimited(path, LIMIT_BYTES)) ?? null };
}

async function namedFiles(files: Files, path: string): Promise<(string | undefined)[]> {
  const { value } = await readConfiguration({ files, path, schema: NamedFiles, required: false });
  const { enrollment, whitelist, tls } = value;
  return [enrollment.join_file, enrollment.ca_file, whitelist.path, ...Object.values(tls)];
}

const forbidden = (why: string): PatchError =>
  new PatchError('FORBIDDEN', `The worker does not read it out: ${why}.`);

/** Who listens on a port; null where nobody does. */
export const PortHolderAnswer = lazily(() =>
  z.strictObject({ pid: z.int().positive(), program: z.string().max(64) }).nullable(),
);
