import { describe, expect, it } from 'vitest';
import { judgeIdentity } from './identity-state.ts';

const NOW = Date.UTC(2026, 10, 25);
const DAY_MS = 86_400_000;
const well = {
  leftAtMs: null,
  newest: { notAfterMs: NOW + 200 * DAY_MS, renewAtMs: NOW + 50 * DAY_MS },
  reached: { ever: true, lastError: null },
  forked: undefined,
  strangeSerial: undefined,
  uncertifiable: undefined,
  agentSays: 'ok',
  agentTrouble: null,
};

describe('the identity of a host', () => {
  it.each([
    ['is well', {}, 'ok'],
    ['that was never asked is judged by the records', { agentSays: undefined }, 'ok'],
    ['that was never reached', { reached: { ever: false, lastError: null } }, 'unreached'],
    ['that cannot be reached', { reached: { ever: false, lastError: 'nothing listens.' } }, 'unreached'],
    ['that was reached and is off now', { reached: { ever: true, lastError: 'no route.' } }, 'ok'],
    ['that left is history, whatever else', { leftAtMs: NOW - DAY_MS, newest: undefined }, 'left'],
    ['without a certificate that counts is revoked', { newest: undefined }, 'revoked'],
    ['that shares a certificate, whatever else', { forked: '0a', newest: undefined }, 'forked'],
    ['that shows a strange certificate', { strangeSerial: '0b' }, 'unknown_certificate'],
    ['whose name gets no certificate', { uncertifiable: 'x is a loopback address' }, 'not_renewable'],
    ['whose certificate is over', { newest: { notAfterMs: NOW - 1, renewAtMs: null } }, 'expired'],
    [
      'whose agent says by a code that its renewal fails',
      { agentSays: 'no route to the manager', agentTrouble: 'renewal_failing' },
      'renewal_failing',
    ],
    [
      'whose agent renews nothing',
      { agentSays: 'stuck', agentTrouble: 'renewal_stalled' },
      'renewal_failing',
    ],
    [
      'whose agent speaks of renewal, and means something else',
      { agentSays: 'believed without proof; renewals go on', agentTrouble: 'believed_without_proof' },
      'degraded',
    ],
    ['of a newer agent', { agentSays: 'renewed too often', agentTrouble: 'word_of_tomorrow' }, 'degraded'],
    [
      'of an older agent, which has no codes',
      { agentSays: 'renewal fails: no route', agentTrouble: undefined },
      'renewal_failing',
    ],
    [
      'whose agent took its manager on trust',
      { agentSays: 'believed without proof', agentTrouble: undefined },
      'degraded',
    ],
    ['with six days left', { newest: { notAfterMs: NOW + 6 * DAY_MS, renewAtMs: null } }, 'expiring'],
    [
      'two days past its renewal',
      { newest: { notAfterMs: NOW + 90 * DAY_MS, renewAtMs: NOW - 2 * DAY_MS } },
      'renewal_overdue',
    ],
    [
      'a few hours past its renewal',
      { newest: { notAfterMs: NOW + 90 * DAY_MS, renewAtMs: NOW - DAY_MS / 8 } },
      'ok',
    ],
  ] as const)('%s', (_name, change, state) => {
    const verdict = judgeIdentity({ ...well, ...change }, NOW);
    expect(verdict.state).toBe(state);
    expect(verdict.message === null).toBe(state === 'ok');
  });
});
