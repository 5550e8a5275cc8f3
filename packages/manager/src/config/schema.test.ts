import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { managerPaths } from './paths.ts';
import { ManagerConfigSchema } from './schema.ts';

describe("the manager's configuration", () => {
  it('needs no key at all', () => {
    expect(ManagerConfigSchema.parse({})).toEqual({
      server: {
        bind: '::',
        port: 8443,
        names: [],
        max_connections: 16_384,
        max_connections_per_address: 256,
      },
      database: {},
      enrollment: {
        request_hours: 24,
        max_pending: 10_000,
        requests_per_minute: 120,
        renew_expired_days: 30,
      },
      certificates: { agent_days: 365, crl_hours: 24, local_hosts: [] },
      fleet: { poll_minutes: 5, concurrency: 16 },
      logging: { level: 'info' },
    });
  });

  it.each([
    ['an unknown key', { enrolment: {} }],
    ['an unknown key further down', { server: { host: 'x' } }],
    ['a bind address that is a name', { server: { bind: 'localhost' } }],
    ['a URL that is not https', { server: { url: 'http://manager.example.test' } }],
    ['a URL with a path', { server: { url: 'https://manager.example.test/patch' } }],
    ['a URL with a password', { server: { url: 'https://a:b@manager.example.test' } }],
    ['a port beyond the last', { server: { port: 65_536 } }],
    ['certificates that browsers would refuse', { certificates: { agent_days: 826 } }],
  ])('refuses %s', (_what, value) => {
    expect(ManagerConfigSchema.safeParse(value).success).toBe(false);
  });

  it('takes the URL without a slash at its end', () => {
    const { server } = ManagerConfigSchema.parse({ server: { url: 'https://manager.example.test:8443/' } });
    expect(server.url).toBe('https://manager.example.test:8443');
  });

  it('every place is below the root', () => {
    for (const path of Object.values(managerPaths('/srv/world'))) {
      expect(path.startsWith(join('/srv/world', '/'))).toBe(true);
    }
  });
});
