import type { Files, Random } from '@linux-patch/runtime';

interface TokenDoors {
  readonly files: Files;
  readonly random: Random;
}

/** Makes a new admin token. */
export async function makeAdminToken({ files, random }: TokenDoors, path: string): Promise<string> {
  const token = Buffer.from(random.bytes(32)).toString('base64url');
  await files.writeDurably({ path, data: `${token}\n`, mode: 0o600 });
  return token;
}

/** The admin token, made again when the file is gone or empty: whoever may read the file may administer either way. */
export async function ensureAdminToken(
  doors: TokenDoors,
  path: string,
): Promise<{ readonly token: string; readonly made: boolean }> {
  const token = (await doors.files.readText(path))?.trim();
  return token ? { token, made: false } : { token: await makeAdminToken(doors, path), made: true };
}
