import { expect, test } from 'vitest';
import { NEW_KEY, opensslFolder } from '../test/openssl.ts';
import { keyId, spkiSha256 } from './fingerprints.ts';
import { generateKey, publicKeySpki } from './keys.ts';
import { createRequest, parseRequest } from './request.ts';

const NAMES = {
  commonName: 'web1.example.test',
  dnsNames: ['web1.example.test', 'web1'],
  ipAddresses: ['10.0.0.5', '2001:db8::1:0:0'],
};

test('openssl verifies our request and reads its names', async () => {
  using openssl = opensslFolder();
  openssl.write('csr.pem', await createRequest({ privateKeyPem: await generateKey(), ...NAMES }));
  const text = openssl.run('req', '-in', 'csr.pem', '-verify', '-noout', '-text');
  expect(text).toContain('Subject: CN = web1.example.test');
  expect(text).toContain(
    'DNS:web1.example.test, DNS:web1, IP Address:10.0.0.5, IP Address:2001:DB8:0:0:0:1:0:0',
  );
});

test('our request reads back with its key and names', async () => {
  const privateKeyPem = await generateKey();
  const spki = publicKeySpki(privateKeyPem);
  const facts = await parseRequest(await createRequest({ privateKeyPem, ...NAMES }));
  expect(facts).toEqual({
    ...NAMES,
    spki: Buffer.from(spki),
    spkiSha256: spkiSha256(spki),
    keyId: keyId(spki),
  });
});

test('a request without alternative names is accepted by both sides', async () => {
  using openssl = opensslFolder();
  const bare = await createRequest({
    privateKeyPem: await generateKey(),
    commonName: 'x',
    dnsNames: [],
    ipAddresses: [],
  });
  openssl.write('csr.pem', bare);
  openssl.run('req', '-in', 'csr.pem', '-verify', '-noout');
  expect(await parseRequest(bare)).toMatchObject({ commonName: 'x', dnsNames: [], ipAddresses: [] });
});

test.each(Object.keys(NEW_KEY))('a request made by openssl with a %s key is read', async (algorithm) => {
  using openssl = opensslFolder();
  const names = ['-subj', '/O=Elsewhere/CN=db1', '-addext', 'subjectAltName=DNS:db1.example.test,IP:fd00::1'];
  openssl.run(
    'req',
    '-new',
    '-nodes',
    ...NEW_KEY[algorithm]!,
    '-keyout',
    'k.pem',
    '-out',
    'csr.pem',
    ...names,
  );
  const facts = await parseRequest(openssl.read('csr.pem'));
  expect(facts).toMatchObject({
    commonName: 'db1',
    dnsNames: ['db1.example.test'],
    ipAddresses: ['fd00::1'],
  });
  expect(Buffer.compare(facts.spki, publicKeySpki(openssl.read('k.pem')))).toBe(0);
});

test('a request whose content was changed after signing is rejected', async () => {
  const pem = await createRequest({ privateKeyPem: await generateKey(), ...NAMES });
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ''), 'base64');
  der[der.indexOf('web1')] = 0x57;
  const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  await expect(parseRequest(changed)).rejects.toMatchObject({
    code: 'PKI_REQUEST_REJECTED',
    message: expect.stringContaining('not signed'),
  });
});

test.each([
  ['RSA 1024', ['-newkey', 'rsa:1024'], 'RSA 1024'],
  ['P-521', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], 'EC P-521'],
  ['secp256k1', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], 'secp256k1'],
  ['Ed448', ['-newkey', 'ed448'], 'ed448'],
  ['SHA-1', ['-newkey', 'rsa:2048', '-sha1'], 'SHA-2'],
])('a request with %s is rejected and told why', async (_name, args, reason) => {
  using openssl = opensslFolder();
  openssl.run('req', '-new', '-nodes', ...args, '-keyout', 'k.pem', '-out', 'csr.pem', '-subj', '/CN=x');
  await expect(parseRequest(openssl.read('csr.pem'))).rejects.toMatchObject({
    code: 'PKI_REQUEST_REJECTED',
    message: expect.stringContaining(reason),
  });
});

test('garbage, wrong labels, several blocks, truncation and huge texts are rejected', async () => {
  const privateKeyPem = await generateKey();
  const pem = await createRequest({ privateKeyPem, ...NAMES });
  const half = `${pem.split('\n').slice(0, 3).join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
  for (const bad of [
    '',
    '{}',
    privateKeyPem,
    pem + pem,
    half,
    pem.slice(0, 200),
    `${'x\n'.repeat(10_000)}${pem}`,
  ]) {
    await expect(parseRequest(bad)).rejects.toMatchObject({ code: 'PKI_REQUEST_REJECTED' });
  }
});
