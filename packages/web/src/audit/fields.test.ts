import { expect, it } from 'vitest';
import { aboutOf, addressOf, clauseOf, fieldsOf, hostOf, namesIn, shortOf } from './fields.ts';

const ID = '0918b0dd-3d9b-458b-b368-fac5e46d3bfa';

it.each([
  [{ host: ID, fqdn: 'web1.example', job: ID, request: { all: true } }, 'web1.example', ['host', 'job']],
  [{ host: ID, serial: '0a' }, ID, ['host']],
  [{ route: '/api/v1/hosts/{id}/patches/apply', parameters: { id: ID } }, ID, ['host', 'route']],
  [{ route: '/api/v1/people', body: {} }, undefined, ['route']],
  [{ route: '/api/v1/people/{name}', parameters: { name: 'ada' } }, undefined, ['person', 'route']],
  [{ route: '/api/v1/acts/{id}/stop', parameters: { id: ID } }, undefined, ['act', 'route']],
  [{ route: '/api/v1/certificates/{serial}', parameters: { serial: '0a' } }, undefined, ['serial', 'route']],
  [{ route: '/api/v1/enrollments/{id}/approve', parameters: { id: ID } }, undefined, ['enrollment', 'route']],
  [
    { route: '/api/v1/hosts/{id}/jobs/{job}/cancel', parameters: { id: 'web1.example', job: ID } },
    'web1.example',
    ['host', 'job', 'route'],
  ],
  [{ route: '/api/v1/strange/{id}', parameters: { id: ID } }, undefined, ['route']],
  [{ route: '/api/v1/acts/{id}', parameters: { id: { a: 1 } } }, undefined, ['route']],
  [{ route: '/api/v1/hosts/{id}', parameters: null }, undefined, ['route']],
  [{ enrollment: ID, fqdn: 'web2.example' }, undefined, ['fqdn']],
  [{ person: 'ada', role: 'admin' }, undefined, ['person']],
  [{ act: ID, hosts: 3 }, undefined, ['act']],
  [{ group: 'web', hosts: ['web1.example'] }, undefined, ['group']],
  [{}, undefined, []],
])('finds in %j the host %j, and tells in a line %j', (fields, host, about) => {
  expect([hostOf(fields), aboutOf(fields)]).toEqual([host, about]);
});

it('tells every member that says something, and cuts what is long', () => {
  expect(fieldsOf({ a: null, b: undefined, c: false, d: { e: 1 }, f: 'x'.repeat(400) })).toEqual([
    ['c', 'false'],
    ['d', '{"e":1}'],
    ['f', `${'x'.repeat(300)}…`],
  ]);
});

it('takes as address what the record has, and of a connection what was seen', () => {
  expect([{ address: 'local' }, { observed_address: '::1' }, { address: 7 }, {}].map(addressOf)).toEqual([
    'local',
    '::1',
    undefined,
    undefined,
  ]);
});

it('shortens in a line what has an end that says little', () => {
  expect([ID, '/api/v1/people/{name}', '/api/v2/people', 'web1.example', ''].map(shortOf)).toEqual([
    '0918b0dd',
    '/people/{name}',
    '/api/v2/people',
    'web1.example',
    '',
  ]);
});

it('says of an event what fits into a line', () => {
  expect(clauseOf('A person signed in: `by` the password.')).toBe('A person signed in');
  expect(clauseOf('A host left by itself; it is kept.')).toBe('A host left by itself');
  expect(clauseOf('A group, or none, was made.')).toBe('A group, or none, was made');
  expect(clauseOf('Records older than `audit.retention_days` were moved; the log goes on.')).toBe(
    'Records older than audit.retention_days were moved',
  );
});

it('knows what an id is called from a record beside it, by its newest name', () => {
  const [host, other] = [ID, ID.replace('0', 'f')];
  const records = [
    { route: '/api/v1/hosts/{id}/patches/apply', parameters: { id: host } },
    { host, fqdn: 'new.example' },
    { host, fqdn: 'old.example' },
    { enrollment: other, fqdn: 'asks.example' },
    { person: 'ada' },
  ].map((fields) => ({ fields }));
  expect([...namesIn(records)]).toEqual([
    [host, 'new.example'],
    [other, 'asks.example'],
  ]);
});
