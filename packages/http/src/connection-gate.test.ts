import { ManualClock } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createConnectionGate } from './connection-gate.ts';

function gate(total: number, unprovenPerCaller: number, silentFirst = false) {
  const clock = new ManualClock(0);
  const closed: string[] = [];
  const made = createConnectionGate({ total, unprovenPerCaller, silentFirst }, clock);
  const admit = (caller: string, name: string, isSilent?: () => boolean) =>
    made.admit(caller, () => void closed.push(name), isSilent);
  return { clock, closed, admit };
}

describe('connections', () => {
  it('of one caller beyond its share replace its oldest, and nobody else’s', async () => {
    const { clock, closed, admit } = gate(10, 2);
    for (const name of ['a1', 'a2']) expect(admit('a', name)).toBeDefined();
    expect(admit('b', 'b1')).toBeDefined();
    await clock.advance(3_000);
    expect(admit('a', 'a3')).toBeDefined();
    expect(closed).toEqual(['a1']);
  });

  it('that have just come are not cut off for newer ones', async () => {
    const { clock, closed, admit } = gate(10, 1);
    admit('a', 'a1');
    expect(admit('a', 'a2')).toBeUndefined();
    await clock.advance(2_000);
    expect(admit('a', 'a3')).toBeDefined();
    expect(closed).toEqual(['a1']);
  });

  it('that have shown a credential stay, and take no share of their caller', async () => {
    const { clock, closed, admit } = gate(10, 1);
    admit('a', 'proven')?.prove();
    await clock.advance(3_000);
    admit('a', 'a1');
    await clock.advance(3_000);
    admit('a', 'a2');
    expect(closed).toEqual(['a1']);
  });

  it('of all callers replace the oldest without a credential when every place is taken', async () => {
    const { clock, closed, admit } = gate(3, 2);
    admit('a', 'proven')?.prove();
    admit('b', 'b1');
    admit('c', 'c1');
    await clock.advance(3_000);
    expect(admit('d', 'd1')).toBeDefined();
    expect(closed).toEqual(['b1']);
    admit('e', 'e1')?.prove();
    expect(closed).toEqual(['b1', 'c1']);
    expect(admit('f', 'f1')).toBeUndefined();
  });

  it('give their place back once when they close, however they close', async () => {
    const { clock, closed, admit } = gate(1, 1);
    const first = admit('a', 'a1');
    await clock.advance(3_000);
    const second = admit('b', 'b1');
    first?.release();
    second?.release();
    second?.release();
    expect(admit('c', 'c1')).toBeDefined();
    expect(admit('d', 'd1')).toBeUndefined();
    expect(closed).toEqual(['a1']);
  });

  it('that have not sent a byte go first, and at once, where the limits say so', () => {
    const patient = gate(10, 1);
    patient.admit('a', 'silent', () => true);
    expect(patient.admit('a', 'a2')).toBeUndefined();
    const { closed, admit } = gate(10, 2, true);
    admit('a', 'speaks', () => false);
    admit('a', 'silent', () => true);
    expect(admit('a', 'a3')).toBeDefined();
    expect(closed).toEqual(['silent']);
  });
});
