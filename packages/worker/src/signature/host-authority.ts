import { join } from 'node:path';
import { lazily } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import { z } from 'zod';
import { joinPlaces, readJoinString } from './join-string.ts';

/** Below the root. */
const DROP_IN = 'etc/linux_patch_api/join';
/** Where systemd puts what it hands to the agent (systemd.exec(5), `LoadCredential=`). */
const CREDENTIALS = 'run/credentials/linux-patch-api.service';

/** What of `config.yaml` says where a join string is; the agent looks at the rest. */
const JoinKeys = lazily(() =>
  z.object({
    enrollment: z.object({ join_file: z.string().min(1).max(4_096).optional() }).prefault({}),
  }),
);

/**
 * Which CA the join string of this host pins; undefined where there is none. The string is read where root has put it, so that it
 * is nobody else's word.
 * @returns `sha256:` and 64 hexadecimal digits, of the CA's key
 * @throws PatchError `CONFIG_INVALID`; `JOIN_STRING_INVALID` for one that must not be used
 */
export async function readHostAuthority(options: {
  readonly files: Files;
  readonly root: string;
  /** `config.yaml` */
  readonly configFile: string;
}): Promise<string | undefined> {
  const { files, root, configFile: path } = options;
  const { value } = await readConfiguration({ files, path, schema: JoinKeys, required: false });
  const places = joinPlaces({
    configured: value.enrollment.join_file,
    dropIn: join(root, DROP_IN),
    credentialsFolder: join(root, CREDENTIALS),
  });
  return (await readJoinString(files, places))?.caFingerprint;
}
