import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { managerPaths } from './paths.ts';
import { ManagerConfigSchema } from './schema.ts';

describe("the manager's configuration", () => {
  it('needs no key at all', () => {
    expect(ManagerConfigSchema.parse({})).toEqual({
      audit: { retention_days: 730 },
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
      fleet: { poll_minutes: 5, inventory_minutes: 60, concurrency: 16 },
      install: {},
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

  it.each([
    ['https://pätch.example.org:8443', 'https://xn--ptch-loa.example.org:8443'],
    ['https://Patch.Example.org.:8443/', 'https://patch.example.org:8443'],
    ['https://patch.example.org.', 'https://patch.example.org'],
    ['https://[2001:DB8::1]:8443', 'https://[2001:db8::1]:8443'],
  ])('takes the URL %s as %s', (given, url) => {
    expect(ManagerConfigSchema.parse({ server: { url: given } }).server.url).toBe(url);
  });

  it('takes names in the form in which certificates carry them', () => {
    const names = ['pätch.example.org', 'Patch.example.org.', '*.example.org', '[2001:DB8::1]', '192.0.2.1'];
    expect(ManagerConfigSchema.parse({ server: { names } }).server.names).toEqual([
      'xn--ptch-loa.example.org',
      'patch.example.org',
      '*.example.org',
      '2001:db8::1',
      '192.0.2.1',
    ]);
  });

  it.each(['a b', 'https://x', 'a..b', '-a.example.org', 'x'.repeat(64), '*.*.example.org', '', '.'])(
    'refuses the name %j with what a name is',
    (name) => {
      const read = ManagerConfigSchema.safeParse({ server: { names: [name] } });
      expect(read.success).toBe(false);
      if (name !== '')
        expect(read.error?.issues[0]?.message).toContain('no host name or address that a certificate');
    },
  );

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
