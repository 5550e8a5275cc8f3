import { createHash, timingSafeEqual } from 'node:crypto';
import { HOUR_MS, lazily, parseJson } from '@linux-patch/contract';
import { type Clock, type Files, ownUid, type Random } from '@linux-patch/runtime';
import { z } from 'zod';
import type { ManagerPaths } from '../config/paths.ts';

const GOOD_FOR_MS = HOUR_MS;
const SECRET_BYTES = 32;
const MAX_FILE_BYTES = 1_024;

/** What lies in the file: never the secret itself. */
const LinkFile = lazily(() =>
  z.strictObject({
    verifier: z.string().regex(/^[0-9a-f]{64}$/),
    expires_at: z.int(),
  }),
);

function verifierOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** What root made is for the user as whom the server runs. */
async function giveToServer(files: Files, { dataFolder, firstLink }: ManagerPaths): Promise<void> {
  const owner = await files.facts(dataFolder);
  if (!owner || owner.uid === 0 || (await ownUid(files)) !== 0) return;
  await files.setOwner(firstLink, owner);
}

/** Makes the secret that makes the first person, once, within an hour. */
export async function makeFirstLink(doors: {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly paths: ManagerPaths;
}): Promise<{ readonly secret: string; readonly expiresAtMs: number }> {
  const { files, clock, random, paths } = doors;
  const secret = `lpmf_${Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url')}`;
  const expiresAtMs = clock.now() + GOOD_FOR_MS;
  const file: z.infer<typeof LinkFile> = { verifier: verifierOf(secret), expires_at: expiresAtMs };
  await files.writeDurably({ path: paths.firstLink, data: `${JSON.stringify(file)}\n`, mode: 0o600 });
  await giveToServer(files, paths);
  return { secret, expiresAtMs };
}

/** The link that `init` made, as the server knows it. */
export interface FirstLink {
  /** Whether this is its secret, and its hour is not over. */
  isGood(secret: string): Promise<boolean>;
  remove(): Promise<void>;
}

function readFile(text: string): z.infer<typeof LinkFile> | undefined {
  try {
    return LinkFile.safeParse(parseJson(text)).data;
  } catch {
    return undefined;
  }
}

export function openFirstLink(files: Files, clock: Clock, path: string): FirstLink {
  return {
    async isGood(secret) {
      const text = await files.readTextLimited(path, MAX_FILE_BYTES);
      const link = text === undefined ? undefined : readFile(text);
      if (!link) return false;
      const isIts = timingSafeEqual(Buffer.from(verifierOf(secret)), Buffer.from(link.verifier));
      return isIts && clock.now() < link.expires_at;
    },
    remove: () => files.remove(path),
  };
}
