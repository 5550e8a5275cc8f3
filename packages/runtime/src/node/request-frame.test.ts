import { describe, expect, it } from 'vitest';
import { openFrame } from './request-frame.ts';

const LIMITS = { lineBytes: 10, bodyBytes: 6 };
/** A line says how many bytes follow it with a digit at its end. */
const bodyOf = (line: string): number => Number(/\d+$/.exec(line)?.[0] ?? 0);
const open = () => openFrame(LIMITS, bodyOf);

describe('a request that comes in pieces', () => {
  const whole = Buffer.from('{\u00e4}5\n\u00e4\nb\0');
  const body = Buffer.from('\u00e4\nb\0');

  it.each(Array.from({ length: whole.length - 1 }, (_, index) => index + 1))(
    'is the same wherever it is cut, such as after %i bytes',
    (at) => {
      const frame = open();
      expect(frame.take(whole.subarray(0, at))).toBeUndefined();
      expect(frame.take(whole.subarray(at))).toEqual({ kind: 'request', line: '{\u00e4}5', body });
    },
  );

  it('is there with its last byte, and nothing may follow', () => {
    expect(open().take(whole)).toEqual({ kind: 'request', line: '{\u00e4}5', body });
    expect(open().take(Buffer.concat([whole, Buffer.from('x')]))).toEqual({ kind: 'more', bytes: 5 });
    expect(open().take(Buffer.from('{}\n'))).toEqual({ kind: 'request', line: '{}', body: Buffer.alloc(0) });
    expect(open().take(Buffer.from('{}\n{}\n'))).toEqual({ kind: 'more', bytes: 0 });
  });

  it('is refused as soon as it is too long, however little of it is there', () => {
    expect(open().take(Buffer.from('x'.repeat(11)))).toEqual({ kind: 'too_long' });
    expect(open().take(Buffer.from(`${'x'.repeat(11)}\n`))).toEqual({ kind: 'too_long' });
    expect(open().take(Buffer.from(`${'x'.repeat(10)}\n`))).toMatchObject({ kind: 'request' });
    expect(open().take(Buffer.from('7\n'))).toEqual({ kind: 'body_too_long', bytes: 7 });
  });

  it('is told apart by what of it is there when nothing more comes', () => {
    expect(open().stop('ended')).toEqual({ kind: 'cut' });
    expect(open().stop('too_late')).toEqual({ kind: 'too_late' });
    const begun = open();
    begun.take(Buffer.from('5\nab'));
    expect(begun.stop('ended')).toEqual({ kind: 'body_cut', bytes: 5, came: 2 });
    expect(begun.stop('too_late')).toEqual({ kind: 'body_too_late', bytes: 5, came: 2 });
  });
});
