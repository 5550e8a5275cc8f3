import { describe, expect, it } from 'vitest';
import type { AuditLog } from '../audit/audit-log.ts';
import { createIdentityEvents } from './events.ts';
import type { RevocationState } from './revocation/state.ts';

const AT = Date.UTC(2026, 10, 24);
const list = (state: Partial<RevocationState>): RevocationState => ({
  status: 'valid',
  message: '',
  serials: new Set(),
  thisUpdateMs: AT,
  nextUpdateMs: AT,
  ...state,
});

function world() {
  const seen: { event: string; details: object }[] = [];
  const audit: AuditLog = {
    record: (event, details = {}) => void seen.push({ event, details }),
    flush: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  return { seen, events: createIdentityEvents(audit) };
}

describe('what becomes of the identity', () => {
  it('is recorded once for each certificate that is due', () => {
    const { seen, events } = world();
    for (const serialHex of ['0a', '0a', '0b']) events.renewalDue({ serialHex, notAfterMs: AT });
    expect(seen).toEqual([
      { event: 'identity_renewal_due', details: { serial: '0a', not_after: '2026-11-24T00:00:00.000Z' } },
      { event: 'identity_renewal_due', details: { serial: '0b', not_after: '2026-11-24T00:00:00.000Z' } },
    ]);
  });

  it('counts failing refreshes of the revocation list once until one succeeds', () => {
    const { seen, events } = world();
    events.crlRefreshFailed(new Error('no'));
    events.crlRefreshFailed(new Error('no'));
    events.crlRefreshed(list({ serials: new Set(['0a']), number: 7n }), 'pushed');
    events.crlRefreshFailed(new Error('again'));
    expect(seen.map((one) => one.event)).toEqual([
      'crl_refresh_failed',
      'crl_refreshed',
      'crl_refresh_failed',
    ]);
    expect(seen[1]?.details).toMatchObject({ revoked: 1, number: '7', by: 'pushed' });
  });

  it('says once that a revocation list is past its date', () => {
    const { seen, events } = world();
    for (const state of [{}, { status: 'expired' }, { status: 'expired' }] as const)
      events.crlSeen(list(state));
    events.crlSeen(list({ status: 'expired', nextUpdateMs: AT + 1 }));
    expect(seen.map((one) => one.event)).toEqual(['crl_outdated', 'crl_outdated']);
  });
});
