import { dirname, join } from 'node:path';
import { JobKeyOffer, lazily, MAX_JOB_KEY_CHANGES, PatchError } from '@linux-patch/contract';
import { generateJobKey, jobPublicKey, signKeyChange } from '@linux-patch/pki';
import { type Clock, type Files, ownUid } from '@linux-patch/runtime';
import { z } from 'zod';

const StoredJobKey = lazily(() =>
  z.strictObject({
    v: z.literal(1),
    /** PKCS#8 PEM. */
    private_key: z.string().max(1_000),
    since: z.iso.datetime(),
    changes: JobKeyOffer.unwrap().shape.changes,
  }),
);

/**
 * The job key with the changes that led to it. One file, so that a crash leaves the key before a change or the one after; it
 * lies beside the keys of the CA, so that a backup of that folder is whole.
 */
export type StoredJobKey = z.output<typeof StoredJobKey>;

/** Where it lies. */
export function jobKeyFile(caFolder: string): string {
  return join(caFolder, 'job-key.json');
}

/**
 * The key on disk; undefined when there is none.
 * @throws PatchError `NOT_INITIALIZED` for one that cannot be read: hosts believe no other one
 */
export async function readJobKeyFile(files: Files, caFolder: string): Promise<StoredJobKey | undefined> {
  const path = jobKeyFile(caFolder);
  const text = await files.readText(path);
  if (text === undefined) return undefined;
  try {
    const stored = StoredJobKey.parse(JSON.parse(text));
    jobPublicKey(stored.private_key);
    return stored;
  } catch {
    // The cause may have a part of the key in its words.
    throw new PatchError(
      'NOT_INITIALIZED',
      `The job key in ${path} cannot be understood, and hosts that pin it take changes from no other one. Nothing was changed. Restore the file from your backup. ` +
        `Without a backup move it away and run 'linux-patch-manager job-key make': it makes another key, and on each host root has to say that it counts (linux-patch-api trust-job-key).`,
    );
  }
}

/** Makes a job key where there is none, for the user to whom the folder belongs. */
export async function makeJobKey(
  { files, clock }: { readonly files: Files; readonly clock: Clock },
  caFolder: string,
): Promise<StoredJobKey> {
  const stored: StoredJobKey = {
    v: 1,
    private_key: await generateJobKey(),
    since: new Date(clock.now()).toISOString(),
    changes: [],
  };
  await write(files, caFolder, stored);
  return stored;
}

/** Another key in its place, which the old one signs. The old private key is gone afterwards. */
export async function changeJobKey(
  { files, clock }: { readonly files: Files; readonly clock: Clock },
  caFolder: string,
  old: StoredJobKey,
): Promise<StoredJobKey> {
  const next = await generateJobKey();
  const changes = [...old.changes, signKeyChange(old.private_key, jobPublicKey(next))];
  const stored: StoredJobKey = {
    v: 1,
    private_key: next,
    since: new Date(clock.now()).toISOString(),
    changes: changes.slice(-MAX_JOB_KEY_CHANGES),
  };
  await write(files, caFolder, stored);
  return stored;
}

async function write(files: Files, caFolder: string, stored: StoredJobKey): Promise<void> {
  const path = jobKeyFile(caFolder);
  await files.writeDurably({ path, data: `${JSON.stringify(stored)}\n`, mode: 0o600 });
  const owner = await files.facts(dirname(path));
  if (owner && owner.uid !== 0 && (await ownUid(files)) === 0) await files.setOwner(path, owner);
}
