import { describe, expect, it } from 'vitest';
import { parseUnit, unitFaults } from './unit.ts';

/** As systemctl(1) of systemd 252 prints it. */
const shown = (changes: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    Result: 'success',
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    UnitFileState: 'enabled',
    ...changes,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

const codesOf = (changes?: Readonly<Record<string, string>>) =>
  unitFaults(parseUnit(shown(changes)), 'toy.service').map((finding) => finding.code);

describe('the state of the unit', () => {
  it('is fine while the service runs, starts, or is told to start again', () => {
    expect(codesOf()).toEqual([]);
    expect(codesOf({ ActiveState: 'activating', SubState: 'auto-restart', Result: 'exit-code' })).toEqual([]);
  });

  it('says nothing on a host where the unit is not installed', () => {
    expect(codesOf({ LoadState: 'not-found', ActiveState: 'inactive', UnitFileState: '' })).toEqual([]);
    expect(unitFaults(parseUnit(''), 'toy.service')).toEqual([]);
  });

  it('tells a service that systemd gave up from one that failed once', () => {
    expect(codesOf({ ActiveState: 'failed', Result: 'start-limit-hit' })).toEqual(['SERVICE_START_LIMIT']);
    expect(codesOf({ ActiveState: 'failed', Result: 'exit-code' })).toEqual(['SERVICE_FAILED']);
  });

  it('names a stopped service that does not start at boot for both', () => {
    expect(codesOf({ ActiveState: 'inactive', UnitFileState: 'disabled' })).toEqual([
      'SERVICE_NOT_RUNNING',
      'SERVICE_NOT_ENABLED',
    ]);
  });
});
