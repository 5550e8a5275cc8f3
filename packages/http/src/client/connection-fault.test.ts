import { describe, expect, it } from 'vitest';
import { connectionFault, findTrustFault } from './connection-fault.ts';

const failed = (code: string, message = 'words of the library') =>
  Object.assign(new Error(message), { code });

describe('what a failed connection means', () => {
  it.each([
    ['ECONNREFUSED', 'nothing listens'],
    ['ENOTFOUND', 'the name is unknown'],
    ['EAI_AGAIN', 'cannot be resolved now'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak TLS'],
  ])('tells %s with its code and in words', (code, words) => {
    const fault = connectionFault(failed(code));
    expect(fault).toContain(code);
    expect(fault).toContain(words);
  });

  it('keeps unknown errors to one short line', () => {
    const fault = connectionFault(failed('EODD', `first\nsecond ${'x'.repeat(500)}`));
    expect(fault).toMatch(/^EODD: first second x+…$/);
    expect(fault.length).toBeLessThan(180);
  });

  it('says what it can about something that is no error of the system', () => {
    expect(connectionFault(new Error('odd'))).toBe('odd');
    expect(connectionFault('text')).toBe('text');
  });
});

describe('a certificate that was refused', () => {
  it.each([
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', false],
    ['INVALID_PURPOSE', false],
    ['CERT_HAS_EXPIRED', true],
    ['CERT_NOT_YET_VALID', true],
  ])('is told from a failed connection, and from a wrong clock: %s', (code, isAboutDates) => {
    expect(findTrustFault(failed(code))).toEqual({ words: `${code}: words of the library`, isAboutDates });
  });

  it('is told by the words of OpenSSL where Node has no code for it', () => {
    const fault = findTrustFault(failed('UNSPECIFIED', 'permitted subtree violation'));
    expect(fault?.words).toMatch(/^name constraints: .+; permitted subtree violation$/);
  });

  it.each(['ECONNRESET', 'ENOTFOUND', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ABORT_ERR'])(
    'is not what %s is about',
    (code) => {
      expect(findTrustFault(failed(code))).toBeUndefined();
    },
  );
});
