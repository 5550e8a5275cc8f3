import { describe, expect, it } from 'vitest';
import { InstallRequest, PackageName, PackageQuery } from './agent-api/packages.ts';
import { AGENT_ROUTES } from './agent-api/routes.ts';
import { chooseRequestId, readBody, readPathParameter, readQuery } from './input.ts';
import { type Fault, isPatchError } from './patch-error.ts';

function faultsOfThrown(work: () => unknown): readonly Fault[] {
  try {
    work();
  } catch (error) {
    if (isPatchError(error, 'INVALID_REQUEST')) return error.details.faults as Fault[];
    throw error;
  }
  throw new Error('nothing was thrown');
}
const json = (text: string) => ({ contentType: 'application/json', text });

describe('input of a route', () => {
  it('names every fault of a body with its path', () => {
    const text = JSON.stringify({ packages: [{ name: '-x', versoin: '1' }], options: { force: 'yes' } });
    const paths = faultsOfThrown(() => readBody({ body: InstallRequest }, json(text))).map(
      (fault) => fault.path,
    );
    expect(paths.sort()).toEqual(['body.options.force', 'body.packages.0.name', 'body.packages.0.versoin']);
  });

  it('refuses a body that is not JSON, with the reason', () => {
    expect(
      faultsOfThrown(() => readBody({ body: InstallRequest }, json('{"packages": [')))[0]?.message,
    ).toMatch(/not valid JSON/);
  });

  it('refuses a body of another media type', () => {
    expect(() => readBody({ body: InstallRequest }, { contentType: 'text/plain', text: '{}' })).toThrow(
      /application\/json/,
    );
  });

  it('reads an absent body as an empty object where the route allows it, whatever the media type', () => {
    expect(readBody(AGENT_ROUTES.updatePackage, { contentType: undefined, text: '' })).toEqual({});
  });

  it('refuses unknown and repeated query members', () => {
    expect(faultsOfThrown(() => readQuery({ query: PackageQuery }, new URLSearchParams('nmae=x')))).toEqual([
      { path: 'query.nmae', message: 'unknown member' },
    ]);
    expect(
      faultsOfThrown(() => readQuery({ query: PackageQuery }, new URLSearchParams('name=a1&name=b1')))[0]
        ?.message,
    ).toMatch(/more than once/);
    expect(faultsOfThrown(() => readQuery({}, new URLSearchParams('x=1')))[0]?.path).toBe('query.x');
  });

  it('accepts the older spelling of a package status', () => {
    expect(readQuery({ query: PackageQuery }, new URLSearchParams('status=Upgradable&limit=5'))).toEqual({
      status: 'upgradable',
      limit: 5,
    });
  });

  it.each(['-1', 'abc', '1.5', '1e3', ''])('refuses the limit %j', (limit) => {
    expect(
      faultsOfThrown(() => readQuery({ query: PackageQuery }, new URLSearchParams({ limit })))[0]?.path,
    ).toBe('query.limit');
  });

  it.each([
    'g++',
    'libc6:amd64',
    'glibc.x86_64',
    'glibc:x86_64',
    'NetworkManager',
    'perl-Test-Simple',
    'lib32-gcc-libs',
    'r@2',
    '_virtual',
    'a'.repeat(256),
  ])('takes the package name %j of some package manager', (name) => {
    expect(readPathParameter(PackageName, 'name', name)).toBe(name);
  });

  it.each([
    '..',
    'a/b',
    '-o',
    '@core',
    'a=1',
    'a:',
    'a:b:c',
    'a:amd64-',
    'a:amd64+',
    'a:-amd64',
    'a b',
    'a\n',
    'a~b',
    'a'.repeat(257),
    'a\u0000',
    'ü',
  ])('refuses the package name %j in a path', (name) => {
    expect(faultsOfThrown(() => readPathParameter(PackageName, 'name', name))[0]?.path).toBe('path.name');
  });

  it("keeps a caller's request id only when it is a UUID", () => {
    const fresh = () => '11111111-1111-4111-8111-111111111111';
    expect(chooseRequestId('0B5C9E2E-5DA6-4F6B-9F44-3A5C3C6F8A10', fresh)).toBe(
      '0b5c9e2e-5da6-4f6b-9f44-3a5c3c6f8a10',
    );
    expect(chooseRequestId('x\r\ny', fresh)).toBe(fresh());
    expect(chooseRequestId(undefined, fresh)).toBe(fresh());
  });
});
