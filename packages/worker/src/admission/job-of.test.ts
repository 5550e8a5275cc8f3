import { describe, expect, it } from 'vitest';
import { jobOf } from './job-of.ts';

const read = (line: string, body: string | Uint8Array = '', contentType = 'application/json') =>
  jobOf({ change: { line, contentType }, body: Buffer.from(body as string) });

const options = { force: false, noRecommends: false, allowDowngrade: false, allowRemovals: false };

describe('a request for a change', () => {
  it.each([
    [
      'POST /api/v1/packages',
      '{"packages":[{"name":"curl"},{"name":"jq","version":"1.7"}],"options":{"force":true}}',
      {
        operation: 'install',
        packages: [{ name: 'curl' }, { name: 'jq', version: '1.7' }],
        ...options,
        force: true,
      },
    ],
    ['PUT /api/v1/packages/libstdc%2B%2B6', '', { operation: 'update', name: 'libstdc++6', ...options }],
    [
      'DELETE /api/v1/packages/curl?purge=true&allow_removals=true',
      '',
      { operation: 'remove', name: 'curl', purge: true, force: false, allowRemovals: true },
    ],
    ['POST /api/v1/packages/hold', '{"packages":["curl"]}', { operation: 'hold', names: ['curl'] }],
    ['POST /api/v1/packages/unhold', '{"packages":["curl"]}', { operation: 'unhold', names: ['curl'] }],
    [
      'POST /api/v1/system/services/dbus-%5Cx2d%40a.service/restart',
      '',
      { operation: 'restart_service', service: 'dbus-\\x2d@a.service' },
    ],
    ['POST /api/v1/system/reboot', '', { operation: 'reboot', rebootDelaySeconds: 0 }],
    [
      'POST /api/v1/system/reboot',
      '{"delay_seconds":600,"reason":"new memory"}',
      { operation: 'reboot', rebootDelaySeconds: 600, reason: 'new memory' },
    ],
    ['POST /api/v1/system/reboot/cancel', '', { operation: 'cancel_reboot' }],
    [
      'POST /api/v1/jobs/F3B1C0DE-0000-4000-8000-000000000000/rollback',
      '{"allow_removals":true}',
      { operation: 'rollback', job: 'f3b1c0de-0000-4000-8000-000000000000', allowRemovals: true },
    ],
    [
      'POST /api/v1/patches/apply',
      '{"patches":["curl"],"security_only":true,"reboot":true,"reboot_delay_seconds":0}',
      {
        operation: 'patch_apply',
        selection: { kind: 'names', names: ['curl'], securityOnly: true },
        exclude: [],
        allowRemovals: false,
        reboot: true,
        rebootDelaySeconds: 0,
      },
    ],
  ])('%s is read as the job that it asks for', (line, body, job) => {
    expect(read(line, body)).toEqual(job);
  });

  it.each([
    ['POST /api/v1/packages', '{"packages":[]}', 'INVALID_REQUEST'],
    ['POST /api/v1/packages?force=true', '{"packages":[{"name":"curl"}]}', 'INVALID_REQUEST'],
    ['DELETE /api/v1/packages/-oDpkg%3A%3APre-Invoke', '', 'INVALID_REQUEST'],
    ['DELETE /api/v1/packages/curl?purge=true&purge=false', '', 'INVALID_REQUEST'],
    ['POST /api/v1/patches/apply', Buffer.from([0xff]), 'INVALID_REQUEST'],
    ['POST /api/v1/system/services/-ssh.service/restart', '', 'INVALID_REQUEST'],
    ['POST /api/v1/system/services/*.service/restart', '', 'INVALID_REQUEST'],
    ['POST /api/v1/system/services/ssh/restart', '', 'INVALID_REQUEST'],
    ['POST /api/v1/system/services/ssh.socket/restart', '', 'INVALID_REQUEST'],
    ['POST /api/v1/system/services/getty%40.service/restart', '', 'INVALID_REQUEST'],
    ['POST /api/v1/system/services/a%2Fb.service/restart', '', 'INVALID_REQUEST'],
    ['POST /api/v1/system/services/a%0Ab.service/restart', '', 'INVALID_REQUEST'],
    ['DELETE /api/v1/jobs/f3b1c0de-0000-4000-8000-000000000000', '', 'NOT_FOUND'],
    ['POST /api/v1/jobs/f3b1c0de/rollback', '', 'INVALID_REQUEST'],
    ['POST /api/v1/jobs/..%2Forders%2Fx/rollback', '', 'INVALID_REQUEST'],
    [
      'POST /api/v1/jobs/f3b1c0de-0000-4000-8000-000000000000/rollback',
      '{"targets":[{"name":"curl"}]}',
      'INVALID_REQUEST',
    ],
    ['GET /api/v1/packages', '', 'NOT_FOUND'],
    ['nothing', '', 'NOT_FOUND'],
  ])('%s with %s asks for none', (line, body, code) => {
    expect(() => read(line, body)).toThrow(expect.objectContaining({ code }));
  });

  it('is JSON, and says so', () => {
    expect(() => read('POST /api/v1/patches/apply', '{}', 'text/plain')).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_MEDIA_TYPE' }),
    );
  });
});
