import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { type ProgramResult, runProgram } from '../process.ts';
import { createSigningKey, type SigningKey } from './signing.ts';

const KEY_DATE = new Date('2026-01-01T00:00:00Z');
const SIGNED_AT = new Date('2026-01-02T03:04:05Z');
const TEXT = 'Origin: Debian\nLabel: Debian\n - a line that needs dash escapes\n';

/** What gpgv says to files made with a fresh key. */
async function verify(
  make: (key: SigningKey) => Promise<readonly [signed: string, text?: string]>,
): Promise<ProgramResult> {
  await using folder = await temporaryFolder();
  const key = await createSigningKey(KEY_DATE);
  const keyring = join(folder.path, 'lab.gpg');
  await writeFile(keyring, key.publicKeyring);
  const files: string[] = [];
  for (const [index, text] of (await make(key)).entries()) {
    const path = join(folder.path, `file${index}`);
    await writeFile(path, text ?? '');
    files.push(path);
  }
  return await runProgram('gpgv', ['--status-fd', '1', '--keyring', keyring, ...files]);
}

describe('a signing key of the lab', () => {
  it('makes inline signatures that gpgv accepts, dated as asked', async () => {
    const result = await verify(async (key) => [await key.clearSign(TEXT, SIGNED_AT)]);
    expect(result.stdout, result.stderr).toMatch(/VALIDSIG [0-9A-F]{40} 2026-01-02 1767323045 /);
    expect(result.exitCode).toBe(0);
  });

  it('makes detached signatures that gpgv accepts', async () => {
    const result = await verify(async (key) => [await key.detachedSign(TEXT, SIGNED_AT), TEXT]);
    expect(result).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('VALIDSIG') as string,
    });
  });

  it('makes signatures that fail when one letter changed', async () => {
    const altered = TEXT.replace('Label', 'Lable');
    const result = await verify(async (key) => [await key.detachedSign(TEXT, SIGNED_AT), altered]);
    expect(result).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('BADSIG') as string,
    });
  });
});
