import { describe, expect, it } from 'vitest';
import { readTarget } from './request-target.ts';

describe('the target of a request', () => {
  it.each([
    ['/api/v1/enroll', '/api/v1/enroll'],
    ['/api/v1/./enroll', '/api/v1/enroll'],
    ['/api/v1/x/../enroll?a=%2e', '/api/v1/enroll?a=%2e'],
    ['/api/v1/%2E/enroll', '/api/v1/enroll'],
    ['/api/v1/%65nroll', '/api/v1/enroll'],
    ['/api\\v1\\enroll', '/api/v1/enroll'],
    ['/api/v1/hosts/a%2fb', '/api/v1/hosts/a%2Fb'],
    ['/%2565', '/%2565'],
    ['//evil.example/api', '//evil.example/api'],
    ['//[', '//['],
    ['*', '/'],
    ['https://other/api', '/'],
  ])('%s is read as %s', (target, expected) => {
    const { path, search } = readTarget({ url: target, headers: {} });
    expect(path + search).toBe(expected);
  });
});

describe('a Host header', () => {
  it.each([undefined, 'manager.example.org', 'a_b:8443', '192.0.2.7:1', '[::1]:8443'])(
    '%s names a host',
    (host) => {
      expect(readTarget({ url: '/', headers: { host } }).fault).toBeUndefined();
    },
  );

  it.each(['', 'a b', '[', 'a:b', 'a/b', 'a@b', 'é', 'a:123456', '[::1'])('%s names none', (host) => {
    expect(readTarget({ url: '/', headers: { host } }).fault).toMatchObject({ code: 'INVALID_REQUEST' });
  });
});
