import { expect, it } from 'vitest';
import { parseInstant, parseShown } from './systemd.ts';

/** `systemctl show --property=…` of systemd 252.39 for a service that runs and a name that none has. */
const SHOWN = `Type=simple
MainPID=43
Result=success
NRestarts=0
ExecMainStatus=0
Id=toyd.service
Names=toyd.service
RequiredBy=
ConsistsOf=follower.service
PropagatesStopTo=
Description=A = toy
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=static
StateChangeTimestamp=Sun 2026-11-29 10:01:36 UTC
InvocationID=76d7050ac52b43e0a1d552f138da2325

Type=
MainPID=0
Result=success
NRestarts=0
ExecMainStatus=0
Id=gone.service
Names=gone.service
RequiredBy=
ConsistsOf=
PropagatesStopTo=
Description=gone.service
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
StateChangeTimestamp=
InvocationID=
`;

it('units that systemctl shows are read one by one, whatever is in a value', () => {
  const [toyd, gone, ...more] = parseShown(SHOWN);
  expect(toyd).toMatchObject({ Id: 'toyd.service', Description: 'A = toy', ConsistsOf: 'follower.service' });
  expect(gone).toMatchObject({ Id: 'gone.service', LoadState: 'not-found' });
  expect(more).toEqual([]);
  expect(parseShown('')).toEqual([]);
});

it('the instant of a change is read in UTC, and what never happened has none', () => {
  expect(parseInstant('Sun 2026-11-29 08:50:55 UTC')).toBe('2026-11-29T08:50:55.000Z');
  expect(parseInstant('Sun 2026-11-29 08:50:55 CET')).toBeUndefined();
  expect(parseInstant('')).toBeUndefined();
  expect(parseInstant(undefined)).toBeUndefined();
});
