import type { Files, Logger } from '@linux-patch/runtime';

/** What can be guessed over a network is no token. */
const MIN_CHARACTERS = 32;

function faultOf(mode: number, token: string, path: string): string | undefined {
  if ((mode & 0o077) !== 0)
    return `it can be read by others (mode ${mode.toString(8).padStart(4, '0')}); remove it, or put a new random token into it and make it 0600: chmod 600 ${path}`;
  if (token.length < MIN_CHARACTERS)
    return `it has less than ${MIN_CHARACTERS} characters; remove it, or put a long random token into it, for example of: openssl rand -hex 32`;
  return undefined;
}

/**
 * The token that programs elsewhere may show over HTTPS, when somebody made the file, as version 1.2 did by itself. The
 * command line needs none. One that others can read or guess does not count, and the log says so.
 */
export async function findAdminToken(
  { files, logger }: { readonly files: Files; readonly logger: Logger },
  path: string,
): Promise<string | undefined> {
  const facts = await files.facts(path);
  const token = facts && (await files.readText(path))?.trim();
  if (!facts || token === undefined) return undefined;
  const fault = faultOf(facts.mode, token, path);
  if (fault !== undefined) {
    logger.error(`The token in ${path} is not accepted: ${fault}. Then restart the manager`, {});
    return undefined;
  }
  logger.warn(
    'Whoever has the admin token may do everything, from everywhere and for ever; the command line does not need it. Give programs API tokens with a role and an end instead (linux-patch-manager api-tokens create), then remove the file and restart the manager',
    { path },
  );
  return token;
}
