import { describe, expect, it } from 'vitest';
import { connectionFault } from './connection-fault.ts';

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
