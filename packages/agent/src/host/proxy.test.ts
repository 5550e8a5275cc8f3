import { describe, expect, it } from 'vitest';
import { chooseProxy, parseProxy } from './proxy.ts';

describe('the URL of a proxy', () => {
  it.each([
    ['http://proxy.test:3128', 'proxy.test', 3128, 'http://proxy.test:3128'],
    ['proxy.test:3128', 'proxy.test', 3128, 'http://proxy.test:3128'],
    [' HTTP://Proxy.Test/ ', 'proxy.test', 80, 'http://proxy.test:80'],
    ['http://[::1]:3128', '::1', 3128, 'http://[::1]:3128'],
  ])('%s is read', (text, host, port, shown) => {
    expect(parseProxy(text)).toEqual({ proxy: { host, port, authorization: undefined, shown } });
  });

  it('may hold a user name and a password, which are sent decoded and never shown', () => {
    const read = parseProxy('http://agent:s3cr%40t%3A@proxy.test:3128');
    expect(read).toMatchObject({
      proxy: {
        authorization: `Basic ${Buffer.from('agent:s3cr@t:').toString('base64')}`,
        shown: 'http://proxy.test:3128',
      },
    });
  });

  it.each([
    'https://agent:s3cret@proxy.test',
    'socks5://agent:s3cret@proxy.test:1080',
    'http://agent:s3cret@proxy.test:3128/path',
    'http://agent:s3cret@proxy.test:3128/?x',
    'http://agent:s3cret@proxy.test:99999',
    'http://agent:s3cret%zz@proxy.test:3128',
    'http://',
    '',
  ])('%j is refused, and the refusal does not repeat it', (text) => {
    const read = parseProxy(text);
    expect(read).toEqual({ fault: expect.stringContaining('must ') });
    expect(JSON.stringify(read)).not.toContain('s3cret');
  });
});

describe('the choice of a proxy', () => {
  const choose = (environment: Record<string, string>, url: string, configured?: string) => {
    const chosen = chooseProxy({ configured, environment })(new URL(url));
    return chosen === undefined ? 'direct' : 'fault' in chosen ? chosen.fault : chosen.shown;
  };

  it('is the configured one, whatever the environment says', () => {
    const environment = { HTTPS_PROXY: 'http://other.test:1', NO_PROXY: '*' };
    expect(choose(environment, 'https://m.test', 'http://p.test:3128')).toBe('http://p.test:3128');
    expect(choose(environment, 'http://m.test', 'http://p.test:3128')).toBe('http://p.test:3128');
    expect(choose(environment, 'https://m.test', 'none')).toBe('direct');
  });

  it('is else the one of the environment, for https only', () => {
    expect(choose({ HTTPS_PROXY: 'p.test:3128' }, 'https://m.test')).toBe('http://p.test:3128');
    expect(choose({ https_proxy: 'p.test:3128' }, 'https://m.test')).toBe('http://p.test:3128');
    expect(choose({ HTTPS_PROXY: 'p.test:3128' }, 'http://m.test')).toBe('direct');
    expect(choose({ HTTP_PROXY: 'p.test:3128', ALL_PROXY: 'p.test:1' }, 'https://m.test')).toBe('direct');
    expect(choose({ HTTPS_PROXY: '' }, 'https://m.test')).toBe('direct');
  });

  it('is a fault, not a way around, when the environment names one that cannot be used', () => {
    expect(choose({ HTTPS_PROXY: 'socks5://u:s3cret@p.test' }, 'https://m.test')).toMatch(
      /^HTTPS_PROXY in the agent's environment must be /,
    );
  });

  it.each([
    ['*', 'https://m.test', true],
    ['m.test', 'https://m.test', true],
    ['.m.test', 'https://m.test', true],
    ['*.m.test', 'https://a.b.m.test', true],
    ['m.test', 'https://a.m.test:8443', true],
    ['M.TEST', 'https://m.test', true],
    ['m.test', 'https://am.test', false],
    ['other.test, m.test', 'https://m.test', true],
    ['other.test m.test', 'https://m.test', true],
    ['m.test:8443', 'https://m.test:8443', true],
    ['m.test:8443', 'https://m.test', false],
    ['m.test:443', 'https://m.test', true],
    ['192.0.2.7', 'https://192.0.2.7:8443', true],
    ['192.0.2.0/24', 'https://192.0.2.7', true],
    ['192.0.2.0/24', 'https://192.0.3.7', false],
    ['192.0.2.0/33', 'https://192.0.2.7', false],
    ['0.2.7', 'https://192.0.2.7', false],
    ['2001:db8::/32', 'https://[2001:db8::1]', true],
    ['[2001:db8::1]:8443', 'https://[2001:db8::1]:8443', true],
    ['::1', 'https://192.0.2.7', false],
    ['', 'https://m.test', false],
  ])('NO_PROXY=%j lets %s go directly: %s', (NO_PROXY, url, direct) => {
    const chosen = choose({ HTTPS_PROXY: 'p.test:3128', NO_PROXY }, url);
    expect(chosen).toBe(direct ? 'direct' : 'http://p.test:3128');
  });
});
