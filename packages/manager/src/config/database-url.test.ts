import { describe, expect, it } from 'vitest';
import { ManagerConfigSchema } from './schema.ts';

const read = (url: string) => ManagerConfigSchema.safeParse({ database: { url } });
const faultOf = (url: string): string => JSON.stringify(read(url).error?.issues ?? 'none');

describe('the URL of a database', () => {
  it.each([
    ['postgresql://me@db.example.org/fleet', { host: 'db.example.org', port: 5432, tls: true }],
    ['postgres://me@db.example.org:6432/fleet?sslmode=disable', { port: 6432, tls: false }],
    ['postgresql://me@localhost/fleet', { host: 'localhost', tls: false }],
    ['postgresql://me@127.0.0.1/fleet?sslmode=verify-full', { tls: true }],
    ['postgresql://me@[2001:db8::1]:5433/fleet', { host: '2001:db8::1', port: 5433, tls: true }],
    ['postgresql://me@/fleet?host=/run/postgresql', { host: '/run/postgresql', tls: false }],
    ['postgresql://m%40e@db/fl%20eet', { user: 'm@e', database: 'fl eet' }],
    ['postgresql://me@db/fleet?sslrootcert=/etc/ca.pem', { rootCertificateFile: '/etc/ca.pem' }],
  ])('%s is understood', (url, expected) => {
    expect(read(url).data?.database.url).toMatchObject({ ...expected, shown: expect.any(String) });
  });

  it.each([
    ['mysql://me@db/fleet', 'must be postgresql://USER@HOST:PORT/NAME'],
    ['postgresql://db/fleet', 'must be postgresql://USER@HOST:PORT/NAME'],
    ['postgresql://me@db', 'must be postgresql://USER@HOST:PORT/NAME'],
    ['postgresql://me@/fleet', 'names either a host or'],
    ['postgresql://me@db/fleet?host=/run/postgresql', 'names either a host or'],
    ['postgresql://me@/fleet?host=run', 'names either a host or'],
    ['postgresql://me@db:99999/fleet', 'has a port that is none'],
    ['postgresql://me@db/fleet?sslmode=require', 'nothing in between proves the server'],
    ['postgresql://me@db/fleet?sslrootcert=ca.pem', 'by its whole path'],
    ['postgresql://me@db/fleet?options=-c%20x', 'takes only host, sslmode, sslrootcert'],
    ['postgresql://me@db/fleet?sslmode=disable&sslmode=disable', 'something twice'],
    ['postgresql://me@db/fl%00eet', 'must be postgresql://USER@HOST:PORT/NAME'],
  ])('%s is refused', (url, fault) => {
    expect(faultOf(url)).toContain(fault);
  });

  it.each([
    'postgresql://me:hunter2@db/fleet',
    'postgresql://me:hunter2@db',
    'postgresql://me:hun@ter2@db/fleet',
  ])('with a password is refused, and the password is not shown: %#', (url) => {
    expect(read(url).success).toBe(false);
    expect(faultOf(url)).not.toMatch(/hun|ter2/);
  });

  it('is given without a path, and a password file only with it', () => {
    const url = 'postgresql://me@db/fleet';
    const both = ManagerConfigSchema.safeParse({ database: { url, path: '/a' } });
    const alone = ManagerConfigSchema.safeParse({ database: { password_file: '/a' } });
    expect([JSON.stringify(both.error?.issues), JSON.stringify(alone.error?.issues)]).toEqual([
      expect.stringContaining('a manager has one database'),
      expect.stringContaining('has a password_file without a url'),
    ]);
  });
});
