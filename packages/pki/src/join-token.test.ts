import { randomBytes } from 'node:crypto';
import { isPatchError } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { formatJoinString, joinTokenId, joinTokenKey, parseJoinString } from './join-token.ts';

const pin = randomBytes(32);
const secret = randomBytes(32);
const good = formatJoinString({ caSpkiSha256: pin, secret });

describe('a join string', () => {
  it('comes back as it was made, also with white space around it', () => {
    expect(good).toMatch(/^lpm1\.[\w-]{43}\.[\w-]{43}$/);
    const read = parseJoinString(` ${good}\r\n`);
    expect(Buffer.from(read.caSpkiSha256)).toEqual(pin);
    expect(Buffer.from(read.secret)).toEqual(secret);
  });

  it.each<[string, string, string]>([
    ['is empty', ' \n', 'empty'],
    ['is something else', 'hunter2', 'does not begin with lpm1.'],
    ['is of another generation', good.replace('lpm1', 'lpm2'), 'another generation'],
    ['has lost its secret', good.split('.').slice(0, 2).join('.'), '2 parts instead of 3'],
    ['has a part too many', `${good}.x`, '4 parts instead of 3'],
    ['has lost the end of its secret', good.slice(0, 66), 'the end is missing'],
    ['has one character less', good.slice(0, -1), 'third part'],
    [
      'has a short pin',
      `lpm1.${pin.subarray(1).toString('base64url')}.${secret.toString('base64url')}`,
      'second part',
    ],
    [
      'has a weak secret',
      `lpm1.${pin.toString('base64url')}.${secret.subarray(0, 15).toString('base64url')}`,
      '16 to 64',
    ],
    ['is padded', `${good}=`, 'third part'],
    ['is twice in the file', `${good}\n${good}`, 'more than one line'],
    ['has a comment before it', `# join\n${good}`, 'white space'],
  ])('that %s is refused with words that do not repeat it', (_what, text, words) => {
    let message = '';
    try {
      parseJoinString(text);
    } catch (error) {
      expect(isPatchError(error, 'JOIN_STRING_INVALID')).toBe(true);
      message = (error as Error).message;
    }
    expect(message).toContain(words);
    expect(message).not.toContain('hunter2');
    expect(message).not.toContain(secret.toString('base64url').slice(0, 12));
  });

  it('that lost one to four characters at its end is none, whatever its secret', () => {
    // Ends in zero bits, of which nobody can tell whether they are the rest of a byte.
    for (const last of [0x00, 0x40, 0xff]) {
      const whole = formatJoinString({ caSpkiSha256: pin, secret: Buffer.alloc(32, last) });
      for (const lost of [1, 2, 3, 4])
        expect(() => parseJoinString(whole.slice(0, -lost))).toThrow('third part');
    }
  });

  it('is never made with a weak secret', () => {
    expect(() => formatJoinString({ caSpkiSha256: pin, secret: secret.subarray(0, 15) })).toThrow(RangeError);
  });

  it('gives id and key that differ from each other and from those of every other secret', () => {
    expect(joinTokenId(secret)).toMatch(/^[0-9a-f]{16}$/);
    expect(joinTokenId(secret)).toBe(joinTokenId(new Uint8Array(secret)));
    const key = Buffer.from(joinTokenKey(secret));
    expect(key).toHaveLength(32);
    expect(key.toString('hex')).not.toContain(joinTokenId(secret));
    expect(key).not.toEqual(secret);
    expect(joinTokenId(randomBytes(32))).not.toBe(joinTokenId(secret));
  });
});
