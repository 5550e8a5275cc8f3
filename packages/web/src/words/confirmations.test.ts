import { expect, it } from 'vitest';
import { confirmRotation } from './confirm-rotation.ts';
import {
  type Confirmation,
  confirmCancel,
  confirmCancelReboot,
  confirmDeny,
  confirmEndSessions,
  confirmLetBackIn,
  confirmLetIn,
  confirmProvider,
  confirmReboot,
  confirmRemove,
  confirmRemoveAuthenticator,
  confirmRemovePasskey,
  confirmReset,
  confirmRestart,
  confirmRevokeCertificate,
  confirmRevokeProgram,
  confirmRevokeToken,
  confirmRole,
  confirmShutOut,
} from './confirmations.ts';

const EVE = { name: 'eve', role: 'viewer', authenticator: true, passkeys: 1, oidc: null };
const IDENTITY = { issuer: 'https://id.example.test', subject: 'eve-there' };

it.each<[string, Confirmation]>([
  ['web1', confirmCancel('web1')],
  ['ssh.service', confirmRestart('web1', 'ssh.service')],
  ['web1', confirmReboot('web1', 0)],
  ['web1', confirmReboot('web1', 5)],
  ['web1', confirmCancelReboot('web1')],
  ['web1', confirmLetIn('web1', { hasCode: false, takesOver: false })],
  ['web1', confirmLetIn('web1', { hasCode: true, takesOver: true })],
  ['web1', confirmDeny('web1')],
  ['ab12', confirmRevokeToken({ id: 'ab12', used: 1 })],
  ['ci', confirmRevokeProgram('ci')],
  ['web1', confirmRevokeCertificate({ serial: '7', kind: 'agent' }, 'web1')],
  ['eve', confirmRole(EVE, 'admin', 'May do everything.')],
  ['eve', confirmReset(EVE)],
  ['eve', confirmReset({ ...EVE, oidc: IDENTITY })],
  ['eve', confirmProvider(EVE, 'Example ID', 'eve-there')],
  ['eve', confirmProvider({ ...EVE, oidc: IDENTITY }, 'Example ID', 'eve-now')],
  ['eve', confirmLetBackIn(EVE)],
  ['eve', confirmShutOut('eve')],
  ['eve', confirmRemove('eve')],
  ['telephone', confirmRemovePasskey('telephone', EVE)],
])('names %s in the question and on the button, in whole sentences: %j', (whom, asks) => {
  expect(asks.title).toContain(whom);
  expect(asks.title).toMatch(/\?$/);
  expect(asks.yes).toContain(whom);
  for (const one of [...asks.happens, asks.undo ?? 'For good.']) expect(one).toMatch(/\.$/);
});

it('says of sessions whose they are and which', () => {
  const { title, yes } = confirmEndSessions('eve', 'the session from 10.0.0.7');
  expect([title, yes]).toEqual(['End the session from 10.0.0.7 of eve?', 'End the session from 10.0.0.7']);
});

it('says what somebody loses beside what was asked for', () => {
  expect(confirmReset(EVE).happens.join(' ')).toContain('The authenticator and the passkeys of eve');
  const losing = (has: object) => confirmReset({ ...EVE, ...has }).happens.join(' ');
  expect(losing({ passkeys: 0 })).not.toContain('passkeys');
  expect(losing({ authenticator: false })).toContain('The passkeys of eve');
  expect(losing({ authenticator: false, passkeys: 0 })).not.toContain('recovery codes');
  expect(confirmRole(EVE, 'admin', 'May do everything.').happens.join(' ')).toContain('May do everything.');
  const has = { authenticator: false, passkeys: 0, oidc: IDENTITY };
  expect(losing(has)).toMatch(/this password alone .* no more with the identity provider \(as eve-there\)/);
  expect(confirmProvider(EVE, 'Example ID', 'eve-there').happens.join(' ')).toContain('The password of eve');
});

it('says when what is removed leaves the password alone', () => {
  const left = (has: typeof EVE) => [
    confirmRemovePasskey('telephone', has).happens.join(' ').includes('password alone'),
    confirmRemoveAuthenticator(has).happens.join(' ').includes('password alone'),
  ];
  expect(left(EVE)).toEqual([false, false]);
  expect(left({ ...EVE, passkeys: 0 })).toEqual([false, true]);
  expect(left({ ...EVE, authenticator: false })).toEqual([true, false]);
});

it('says of a host that nothing proved it, unless its code was typed', () => {
  const words = (hasCode: boolean) => confirmLetIn('web1', { hasCode, takesOver: true }).happens.join(' ');
  expect(words(false)).toContain('No code was compared');
  expect(words(true)).not.toContain('No code was compared');
});

const CAS = { oldCa: 'ca-1', newCa: 'ca-2' };

it.each([
  ['standby', 'start', 'ca-1', true],
  ['trust', 'continue', 'ca-2', true],
  ['manager', 'continue', 'ca-2', true],
  ['hosts', 'finish', 'ca-1', false],
  ['hosts', 'rollback', 'ca-1', true],
  ['rollback', 'finish', 'ca-2', true],
] as const)(
  'of a replaced root in phase %s, %s says which CA it is about and whether it can be undone',
  (phase, step, ca, canUndo) => {
    const asks = confirmRotation({ phase, step, leave_behind: [], compromised: false }, CAS);
    expect([asks.title, asks.yes].every((one) => one.includes(ca))).toBe(true);
    expect(asks.undo !== null).toBe(canUndo);
    for (const one of [...asks.happens, asks.undo ?? 'For good.']) expect(one).toMatch(/\.$/);
  },
);

it('names the hosts that a step leaves behind, as many as can be read, and says how many more', () => {
  const leave_behind = Array.from({ length: 22 }, (_, at) => `web${at}`);
  const { happens } = confirmRotation(
    { phase: 'trust', step: 'continue', leave_behind, compromised: false },
    CAS,
  );
  expect(happens.at(-1)).toMatch(/^22 hosts are left behind: web0, web1, .*, web19 and 2 more\. /);
});

it('says of a stolen key that its fingerprint lets no host join any more', () => {
  const wish = { phase: 'hosts', step: 'finish', leave_behind: [] } as const;
  const said = (compromised: boolean) => confirmRotation({ ...wish, compromised }, CAS).happens.join(' ');
  expect(said(true)).toContain('lets no host join any more');
  expect(said(false)).toContain('can still join');
});
