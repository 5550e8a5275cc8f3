import { systemRandom } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { hashPassword, isPassword } from './password-hash.ts';

/** Of the test suite of the reference implementation (P-H-C/phc-winner-argon2, src/test.c, 20190702). */
const REFERENCE = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

describe('the hash of a password', () => {
  it('is what the reference implementation makes', async () => {
    expect(await isPassword(REFERENCE, 'password')).toBe(true);
    expect(await isPassword(REFERENCE, 'passwore')).toBe(false);
  });

  it('keeps its parameters, and is another one each time', async () => {
    const hash = await hashPassword('correct horse', systemRandom);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$/);
    expect(await hashPassword('correct horse', systemRandom)).not.toBe(hash);
    expect(await isPassword(hash, 'correct horse')).toBe(true);
    expect(await isPassword(hash, 'correct horsf')).toBe(false);
  });

  it('is of the letters, however they are composed', async () => {
    const hash = await hashPassword('pa\u0308sswort', systemRandom);
    expect(await isPassword(hash, 'p\u00e4sswort')).toBe(true);
  });

  it.each([
    '',
    'password',
    REFERENCE.replace('argon2id', 'argon2i'),
    REFERENCE.replace('m=65536', 'm=9999999'),
    REFERENCE.replace('t=2', 't=17'),
    REFERENCE.replace('p=1', 'p=5'),
    REFERENCE.slice(0, -1),
    `${REFERENCE}\n`,
  ])('in the form of %j is nobody’s', async (stored) => {
    expect(await isPassword(stored, 'password')).toBe(false);
  });
});
