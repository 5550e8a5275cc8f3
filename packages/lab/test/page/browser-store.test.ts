import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { trustInBrowser } from '../../src/browser-store.ts';
import { must, runProgram } from '../../src/process.ts';

it('a store that a browser has already is used again, with the CA of now alone', async () => {
  await using folder = await temporaryFolder();
  const store = join(folder.path, 'nssdb');
  const trusted = async (): Promise<string> => {
    const { stdout } = await runProgram('certutil', ['-d', `sql:${store}`, '-L', '-n', 'Linux Patch']);
    return /Subject: "CN=(.*)"/.exec(stdout)?.[1] ?? stdout;
  };
  for (const name of ['one', 'two', 'two']) {
    const file = join(folder.path, `${name}.pem`);
    const made = [
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-noenc',
      '-subj',
      `/CN=${name}`,
      '-out',
      file,
    ];
    must(await runProgram('openssl', ['req', ...made, '-keyout', `${file}.key`]), 'a CA');
    await trustInBrowser(store, file);
    expect(await trusted()).toBe(name);
  }
});
