import { expect, it } from 'vitest';
import { parseInstant, parseShown } from './systemd.ts';

/** `systemctl show` of systemd 252 for a service that runs and a name that none has. */
const SHOWN = `Type=notify
MainPID=253
NRestarts=0
Id=ssh.service
Names=ssh.service sshd.service
RequiredBy=
Description=OpenBSD Secure Shell server
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
StateChangeTimestamp=Sun 2026-11-29 08:50:55 UTC

Id=gone.service
Description=gone.service
LoadState=not-found
ActiveState=inactive
StateChangeTimestamp=
`;

it('units that systemctl shows are read one by one, whatever is in a value', () => {
  const [ssh, gone, ...more] = parseShown(SHOWN);
  expect(ssh).toMatchObject({ Id: 'ssh.service', Names: 'ssh.service sshd.service', RequiredBy: '' });
  expect(gone).toMatchObject({ Id: 'gone.service', LoadState: 'not-found' });
  expect(more).toEqual([]);
  expect(parseShown('Description=a=b = c\n')).toEqual([{ Description: 'a=b = c' }]);
  expect(parseShown('')).toEqual([]);
});

it('the instant of a change is read in UTC, and what never happened has none', () => {
  expect(parseInstant('Sun 2026-11-29 08:50:55 UTC')).toBe('2026-11-29T08:50:55.000Z');
  expect(parseInstant('Sun 2026-11-29 08:50:55 CET')).toBeUndefined();
  expect(parseInstant('')).toBeUndefined();
  expect(parseInstant(undefined)).toBeUndefined();
});
